//! The policy `rules`, and the example in JavaScript.

use candor_sandbox::model::{Cover, Field, Hiding, Mask, Scene, SceneKind, Target, Verdict, Window};
use candor_sandbox::{Grants, Policy, Refusal};

use crate::support::{focused, prepare, settings_refused};

async fn policy(guest: &str, settings: &str) -> Result<Policy, Refusal> {
    prepare(guest).await.policy(guest, &Grants::default(), settings).await
}

fn scene(windows: Vec<Window>) -> Scene {
    Scene { kind: SceneKind::Snapshot, at: 0, windows }
}

fn covered(window: u32, cover: Cover, rule: u32) -> Mask {
    Mask { target: Target::Window(window), cover, rule }
}

fn hidden(window: u32, field: Field, rule: u32) -> Hiding {
    Hiding { window, field, rule }
}

#[tokio::test]
async fn rules_judges_in_the_sandbox_as_it_says() {
    let settings = r#"{"rules": [
        {"match": {"title": {"contains": "secret"}}, "then": "fill"},
        {"match": {"application": {"exact": "mail"}}, "then": "blur"},
        {"match": {"title": {"glob": "chat*"}}, "then": "hide-title"},
        {"match": {"title": {"regex": "\\bpayroll\\b"}}, "then": "skip"}
    ]}"#;
    let mut rules = policy("candor_policy_rules", settings).await.unwrap();
    assert_eq!(
        rules.rules(),
        [
            r#"Title contains "secret": solid block"#,
            r#"Application is "mail": blurred"#,
            r#"Title fits "chat*": title hidden"#,
            r#"Title matches regex "\bpayroll\b": nothing recorded"#,
            "Windows without a readable application or title: covered",
        ]
    );
    let mut unknown = focused(5, "x", "x");
    unknown.app = None;
    unknown.title = None;
    let all = vec![
        focused(1, "xterm", "notes"),
        focused(2, "xterm", "SECRET plan"),
        focused(3, "Mail", "inbox"),
        focused(4, "xterm", "chat with Mara"),
        unknown,
    ];
    let strip = Target::TitleBar(3);
    assert_eq!(
        rules.judge(scene(all.clone()), None).await.unwrap(),
        Verdict::Redact {
            masks: vec![
                covered(1, Cover::Fill, 0),
                covered(2, Cover::Blur, 1),
                Mask { target: strip, cover: Cover::Fill, rule: 2 },
                covered(4, Cover::Fill, 4),
            ],
            hidings: vec![hidden(1, Field::Title, 0), hidden(2, Field::Title, 1), hidden(3, Field::Title, 2),],
        }
    );
    let skipped = [all.clone(), vec![focused(6, "xterm", "the Payroll of May")]].concat();
    assert_eq!(rules.judge(scene(skipped), None).await.unwrap(), Verdict::Skip(vec![3]));
    let kept = vec![focused(1, "xterm", "notes")];
    for _ in 0..3 {
        assert_eq!(rules.judge(scene(kept.clone()), None).await.unwrap(), Verdict::Keep);
    }
}

#[tokio::test]
async fn invariant_03_rules_refuses_a_bad_rule_and_does_not_start() {
    let settings = r#"{"rules": [
        {"match": {"title": {"contains": "ok"}}, "then": "fill"},
        {"match": {"title": {"contains": "ok"}}, "then": "fill"},
        {"match": {"title": {"regex": "(unclosed"}}, "then": "fill"}
    ]}"#;
    assert_eq!(
        settings_refused(policy("candor_policy_rules", settings).await),
        [(
            "/rules/2/match/title/regex".to_owned(),
            "The regular expression is malformed: unclosed group.".to_owned()
        )]
    );
}

#[tokio::test]
async fn as_many_rules_as_there_may_be_fit_into_the_memory() {
    let rules: Vec<String> = (0..255)
        .map(|n| {
            format!(r#"{{"match": {{"title": {{"regex": "\\bclient (\\w+ )?{n}\\b"}}}}, "then": "fill"}}"#)
        })
        .collect();
    let settings = format!(r#"{{"rules": [{}]}}"#, rules.join(","));
    let mut rules = policy("candor_policy_rules", &settings).await.unwrap();
    let windows = vec![focused(1, "xterm", "a client of some kind — and a title of usual length"); 50];
    assert_eq!(rules.judge(scene(windows), None).await.unwrap(), Verdict::Keep);
}

#[tokio::test]
async fn a_policy_in_javascript_without_the_sdk_loads_and_runs() {
    let guest = "candor_example_policy_js";
    let mut js = policy(guest, r#"{"applications": ["Signal"]}"#).await.unwrap();
    assert_eq!(
        js.rules(),
        [r#"Application is "Signal": solid block"#, "Windows without a readable application: covered"]
    );
    let windows = vec![focused(1, "xterm", "notes"), focused(2, "signal", "Mara")];
    for _ in 0..2 {
        assert_eq!(
            js.judge(scene(windows.clone()), None).await.unwrap(),
            Verdict::Redact {
                masks: vec![covered(1, Cover::Fill, 0)],
                hidings: vec![hidden(1, Field::Title, 0)],
            }
        );
        assert_eq!(js.judge(scene(vec![focused(1, "xterm", "notes")]), None).await.unwrap(), Verdict::Keep);
    }
    let refused = settings_refused(policy(guest, r#"{"applications": ["a", 7]}"#).await);
    assert_eq!(refused, [("/applications/1".to_owned(), "Give the name of an application.".to_owned())]);
}
