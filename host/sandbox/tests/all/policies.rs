//! Policies: checked verdicts, purity, failures.

use std::sync::Arc;

use candor_sandbox::model::{Area, Cover, Field, Hiding, Mask, Target, Verdict};
use candor_sandbox::{Capability, Failure, Grants, Refusal};

use crate::support::{Picture, brief, patient, policy, prepare, scene};

async fn judged(deed: &str) -> Result<Verdict, Failure> {
    policy(deed, patient()).await.unwrap().judge(scene(3), None).await
}

fn fill(target: Target) -> Mask {
    Mask { target, cover: Cover::Fill, rule: 0 }
}

fn region(verdict: &Verdict) -> Area {
    match verdict {
        Verdict::Redact { masks, .. } => match masks[0].target {
            Target::Region(area) => area,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn verdicts_come_through() {
    assert_eq!(judged("").await, Ok(Verdict::Keep));
    assert_eq!(judged("skip").await, Ok(Verdict::Skip(vec![0])));
    let all = Verdict::Redact { masks: vec![fill(Target::Whole)], hidings: Vec::new() };
    assert_eq!(judged("cover all").await, Ok(all));
    let windows = Verdict::Redact {
        masks: (0..3).map(|n| fill(Target::Window(n))).collect(),
        hidings: vec![Hiding { window: 0, field: Field::Title, rule: 0 }],
    };
    assert_eq!(judged("cover windows").await, Ok(windows));
}

#[tokio::test]
async fn rules_are_told_before_any_scene() {
    assert_eq!(policy("", patient()).await.unwrap().rules(), ["everything: solid block"]);
}

#[tokio::test]
async fn rules_out_of_bounds_are_refused() {
    for (deed, text) in [
        ("many rules", "the rules of `hostile`: 257 of them: declare at most 256"),
        ("long words", "the rules of `hostile`: rule 0 has 201 bytes of words: use 1 to 200"),
        (
            "two lines",
            "the rules of `hostile`: rule 0 has a line break or control character in its words: take it out",
        ),
    ] {
        let refusal = policy(deed, patient()).await.err().unwrap();
        assert!(matches!(refusal, Refusal::BadRules { .. }));
        assert_eq!(refusal.to_string(), text);
    }
}

#[tokio::test]
async fn invariant_03_a_verdict_out_of_bounds_is_no_verdict() {
    for (deed, text) in [
        ("rule out of bounds", "its verdict names a rule that it did not declare"),
        ("window out of bounds", "its verdict names a window that is not in the scene"),
        ("hiding out of bounds", "its verdict names a window that is not in the scene"),
        ("empty region", "its verdict covers a region without area"),
        ("many masks", "its verdict has too many masks or hidings"),
        ("skip without a rule", "its verdict skips without naming a rule"),
        ("skip by another rule", "its verdict names a rule that it did not declare"),
    ] {
        assert_eq!(judged(deed).await, Err(Failure::Misbehaved(text.into())), "{deed}");
    }
}

#[tokio::test]
async fn invariant_03_a_policy_that_fails_gives_no_verdict() {
    for (deed, expected) in [("trap", "Trapped"), ("loop", "TimedOut"), ("memory", "OutOfMemory")] {
        let limits = if deed == "loop" { brief() } else { patient() };
        let failure = policy(deed, limits).await.unwrap().judge(scene(1), None).await.unwrap_err();
        assert!(format!("{failure:?}").starts_with(expected), "{deed}: {failure:?}");
    }
}

#[tokio::test]
async fn invariant_03_after_a_failure_the_next_scene_is_judged_by_a_fresh_instance() {
    let mut policy = policy("trap first", patient()).await.unwrap();
    let mut first = scene(1);
    first.at = 0;
    assert!(matches!(policy.judge(first, None).await, Err(Failure::Trapped(_))));
    assert_eq!(policy.judge(scene(1), None).await, Ok(Verdict::Keep));
}

#[tokio::test]
async fn a_scene_of_too_many_windows_is_skipped_without_asking() {
    let mut policy = policy("", patient()).await.unwrap();
    assert_eq!(policy.judge(scene(512), None).await, Ok(Verdict::Keep));
    assert_eq!(policy.judge(scene(513), None).await, Ok(Verdict::Skip(Vec::new())));
}

#[tokio::test]
async fn a_policy_without_pixels_gets_no_frame() {
    let mut policy = policy("tell whether there is a frame", patient()).await.unwrap();
    assert!(!policy.wants_frame());
    let verdict = policy.judge(scene(1), Some(Arc::new(Picture(1)))).await.unwrap();
    assert_eq!(region(&verdict).width, 1);
}

#[tokio::test]
async fn a_policy_with_pixels_remembers_nothing_of_the_picture_before() {
    let prepared = prepare("hostile_peeker", patient()).await;
    let grants = Grants { capabilities: [Capability::Pixels].into(), ..Grants::default() };
    let mut peeker = prepared.policy("peeker", &grants, "{}").await.unwrap();
    assert!(peeker.wants_frame());
    for red in [9, 8, 7, 6, 5, 4] {
        let verdict = peeker.judge(scene(1), Some(Arc::new(Picture(red)))).await.unwrap();
        let area = region(&verdict);
        assert_eq!((area.width, area.height), (1, 1 + u32::from(red)));
    }
}

#[tokio::test]
async fn wasi_tells_a_policy_nothing() {
    let prepared = prepare("hostile_wasi", patient()).await;
    let imports = &prepared.description().other_imports;
    assert!(imports.iter().any(|name| name.starts_with("wasi:clocks/wall-clock@0.2.")), "{imports:?}");
    let mut areas = Vec::new();
    for _ in 0..2 {
        let mut policy = prepared.policy("curious", &Grants::default(), "{}").await.unwrap();
        areas.push(region(&policy.judge(scene(0), None).await.unwrap()));
    }
    assert_eq!(areas[0], areas[1]);
    assert_eq!((areas[0].x, areas[0].width), (0, 1));
}
