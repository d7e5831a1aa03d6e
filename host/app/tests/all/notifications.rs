//! Notifications, shown by a real server (xfce4-notifyd).

use std::process::Stdio;

use candor_protocol::{AnswerIdle, IdleAnswer, IdleQuestion, RemovePicture};

use crate::agent::{Agent, NOW, START, pictured};
use crate::desktop::{Desktop, wait};

const CLASS: &str = "xfce4-notifyd";

#[test]
fn a_picture_is_told_and_its_delete_button_deletes_it() {
    let agent = Agent::new();
    let mut desktop = Desktop::new();
    let mut told = desktop.notifications();
    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    // Invariant 6: the recording that runs already is told, once.
    let (summary, body, _) = told.next().unwrap();
    assert_eq!(summary, "This computer is being recorded");
    assert!(body.starts_with("Since 15:30, 'Invoice service' for Fieldhouse Supply."), "{body}");
    let first = wait("the notice", || desktop.windows(CLASS).first().copied());

    agent.change(|state| state.status.last_picture = Some(pictured(START, NOW)));
    let (summary, body, actions) = told.next().unwrap();
    assert_eq!(summary, "Picture taken at 17:53");
    assert_eq!(body, "1 window redacted. Sends at 18:01.");
    assert_eq!(actions, [format!("remove-picture:{START}"), "open:picture".into()]);

    let [x, y, width, height] =
        wait("the notification", || desktop.windows(CLASS).into_iter().find(|[_, y, ..]| *y > first[1]));
    // Two buttons at the right of the lower edge; the left one deletes.
    let (x, y) = ((x + width - 148).to_string(), (y + height - 31).to_string());
    let removed = RemovePicture { start: START }.into();
    wait("the deletion", || {
        desktop.xdotool(&["mousemove", &x, &y, "click", "1"]);
        agent.deeds().contains(&removed).then_some(())
    });
    let (summary, body, actions) = told.next().unwrap();
    assert_eq!(summary, "Picture of the segment from 17:50 deleted");
    assert_eq!(body, "Your time stays. Fieldhouse Supply sees that a picture was deleted.");
    assert_eq!(actions, [format!("restore-picture:{START}")]);
}

#[test]
fn no_notification_carries_a_title_a_memo_or_a_plugins_words() {
    let agent = Agent::new();
    agent.change(|state| {
        state.status.memo = Some("payroll for Lena".into());
        state.status.recent_memos = vec!["payroll".into()];
    });
    let mut desktop = Desktop::new();
    let told = desktop.notifications();
    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    let mut topics = Vec::new();
    // Each change is told before the next is made, so that none takes another's place.
    for (number, (summary, body, actions)) in told.enumerate() {
        let all = format!("{summary} {body} {actions:?}");
        assert!(!all.contains("payroll"), "{all}");
        topics.push(summary);
        match number {
            0 => agent.change(|state| state.status.last_picture = Some(pictured(START, NOW))),
            1 => agent.change(|state| {
                state.status.question =
                    Some(IdleQuestion { from: NOW - 2_000_000, to: NOW - 1_160_000, manual_ms: 600_000 });
            }),
            2 => agent.change(|state| state.status.problems = vec!["screenshots: payroll".into()]),
            3 => agent.change(|state| state.status.offline_since = Some(NOW - 60_000)),
            4 => agent.change(|state| state.status.now += 3_600_000),
            5 => agent.change(|state| state.status.paused_since = Some(state.status.now)),
            _ => break,
        }
    }
    assert_eq!(
        topics,
        [
            "This computer is being recorded",
            "Picture taken at 17:53",
            "Were you working from 17:20 to 17:34?",
            "Candor needs your attention",
            "No connection since 17:52",
            "Is the memo still right?",
            "Paused at 18:53",
        ]
    );
}

#[test]
fn the_idle_question_is_answered_by_its_button_and_only_while_it_is_asked() {
    let agent = Agent::new();
    agent.change(|state| state.status.tracking = false);
    let mut desktop = Desktop::new();
    let mut told = desktop.notifications();
    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    let question = |from| Some(IdleQuestion { from, to: NOW, manual_ms: 0 });
    agent.change(|state| state.status.question = question(NOW - 840_000));
    let (_, body, actions) = told.next().unwrap();
    assert!(body.contains("for 14 minutes. Both answers are fine."), "{body}");
    assert_eq!(actions, [format!("leave-out:{}", NOW - 840_000)]);
    let [x, y, width, height] = wait("the question", || desktop.windows(CLASS).first().copied());
    let (x, y) = ((x + width - 62).to_string(), (y + height - 31).to_string());
    wait("the answer", || {
        desktop.xdotool(&["mousemove", &x, &y, "click", "1"]);
        agent.deeds().contains(&AnswerIdle { answer: IdleAnswer::LeaveOut }.into()).then_some(())
    });
}

#[test]
fn without_a_tray_it_says_so_once_and_goes_on() {
    let agent = Agent::new();
    let mut desktop = Desktop::new();
    let mut told = desktop.notifications();
    let log = desktop.home().join("log");
    let mut tray = desktop.candor(agent.data(), "tray");
    tray.stderr(std::fs::File::create(&log).unwrap());
    desktop.run(tray);
    assert!(told.next().unwrap().0.contains("is being recorded"));
    agent.change(|state| state.status.last_picture = Some(pictured(START, NOW)));
    assert!(told.next().unwrap().0.contains("Picture taken"));
    let said = std::fs::read_to_string(&log).unwrap();
    assert_eq!(said.matches("this desktop shows no tray icons").count(), 1, "{said}");

    // A second one would tell everything twice.
    let second = desktop.candor(agent.data(), "tray").stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(error.contains("the tray runs already"), "{error}");
}
