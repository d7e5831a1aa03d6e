//! Every page by keyboard and screen reader, in light and dark, wide and narrow.

use super::*;

#[test]
fn every_page_names_what_can_be_used_and_stays_inside_its_border() {
    for (theme, width) in [(Theme::Light, 340.0), (Theme::Dark, 320.0)] {
        for (name, desk) in everything() {
            let harness = open(desk, theme, width);
            harness.check_accessibility();
            for node in harness.root().children_recursive() {
                let known = node.accesskit_node().label().unwrap_or_default();
                if node.accesskit_node().raw_bounds().is_none() {
                    continue;
                }
                let rect = node.rect();
                assert!(
                    known.is_empty() || (rect.left() >= -0.5 && rect.right() <= width + 0.5),
                    "{name} at {width}: '{known}' at {rect:?}"
                );
            }
        }
    }
}

#[test]
fn the_keyboard_alone_reaches_everything_that_can_be_used() {
    for (name, desk) in everything() {
        let mut harness = open(desk, Theme::Light, 320.0);
        let mut left = inputs(&harness);
        let all = left.len();
        for _ in 0..all + 60 {
            harness.key_press(egui::Key::Tab);
            harness.run_steps(2);
            left.remove(&focused(&harness).unwrap_or_default());
            if left.is_empty() {
                break;
            }
        }
        assert!(left.is_empty(), "{name}: Tab does not reach {left:?} of {all}");
    }
}

#[test]
fn tab_goes_down_the_tracking_page_in_the_order_that_is_read() {
    let mut harness = opened("tracking");
    let mut order = Vec::new();
    for _ in 0..12 {
        harness.key_press(egui::Key::Tab);
        harness.run_steps(2);
        order.extend(focused(&harness));
    }
    let begin: Vec<_> = order.iter().map(|name| name.split(' ').next().unwrap_or("")).collect();
    assert_eq!(begin[..4], ["Invoice", "Stop", "Pause", "Stop"], "{order:?}");
}

#[test]
fn what_is_recorded_and_the_outbox_are_one_step_away_wherever_there_is_a_contract() {
    for (name, desk) in everything() {
        let harness = open(desk, Theme::Light, 320.0);
        let model = &harness.state().model;
        if model.status().unwrap().contracts.is_empty() {
            continue;
        }
        let labels: Vec<_> = inputs(&harness).into_iter().collect();
        let to_notice = ["What is recorded", "Read the full terms"];
        assert!(labels.iter().any(|label| to_notice.contains(&label.as_str())), "{name}: {labels:?}");
    }
}
