//! The engine, as tables: settings and windows on one side, what is said of them on the other.

use candor_sdk::Area;

use super::*;

/// A window on screen, written `application|title|address`; `-` is what cannot be told.
fn window(text: &str) -> SceneWindow {
    let mut parts = text.split('|').map(|part| (part != "-").then(|| part.to_owned()));
    SceneWindow {
        app: parts.next().flatten(),
        title: parts.next().flatten(),
        url: parts.next().flatten(),
        area: Area { x: 10, y: 20, width: 300, height: 200 },
        ..SceneWindow::default()
    }
}

/// One that is not on screen.
fn minimised(text: &str) -> SceneWindow {
    SceneWindow { area: Area::default(), ..window(text) }
}

fn rules(settings: &str) -> Rules {
    Rules::parse(settings).unwrap_or_else(|errors| panic!("{settings}: {errors:?}"))
}

/// A verdict in a line: `keep`, `skip 0 2`, or `0:fill/1 0:title/1`, which is window:what/rule.
fn line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Keep => "keep".to_owned(),
        Verdict::Skip(rules) => {
            let mut line = "skip".to_owned();
            for rule in rules {
                line += &format!(" {rule}");
            }
            line
        }
        Verdict::Redact(redaction) => {
            let masks = redaction.masks.iter().map(|mask| {
                let cover = match mask.cover {
                    Cover::Fill => "fill",
                    Cover::Blur => "blur",
                };
                match mask.target {
                    Target::Window(window) => format!("{window}:{cover}/{}", mask.rule),
                    Target::TitleBar(window) => format!("{window}-title-bar:{cover}/{}", mask.rule),
                    Target::Region(area) => {
                        format!("{},{}+{}x{}:{cover}/{}", area.x, area.y, area.width, area.height, mask.rule)
                    }
                    Target::Whole => format!("*:{cover}/{}", mask.rule),
                }
            });
            let hidings = redaction.hidings.iter().map(|hiding| {
                let field = match hiding.field {
                    Field::Title => "title",
                    Field::Url => "url",
                };
                format!("{}:{field}/{}", hiding.window, hiding.rule)
            });
            masks.chain(hidings).collect::<Vec<_>>().join(" ")
        }
    }
}

fn judged(settings: &str, windows: &[SceneWindow], kind: SceneKind) -> String {
    line(&rules(settings).judge(windows, kind))
}

/// One rule that asks for a title with `secret` in it.
fn secret(then: &str) -> String {
    format!(r#"{{"rules": [{{"match": {{"title": {{"contains": "secret"}}}}, "then": "{then}"}}]}}"#)
}

#[test]
fn each_outcome_does_what_it_says() {
    let windows = [window("xterm|notes|-"), window("xterm|secret: payroll|https://x.test")];
    for (then, snapshot, focus) in [
        ("fill", "1:fill/0 1:title/0 1:url/0", "1:title/0 1:url/0"),
        ("blur", "1:blur/0 1:title/0 1:url/0", "1:title/0 1:url/0"),
        ("hide-title", "1-title-bar:fill/0 1:title/0", "1:title/0"),
        ("skip", "skip 0", "skip 0"),
    ] {
        assert_eq!(judged(&secret(then), &windows, SceneKind::Snapshot), snapshot, "{then}");
        for kind in [SceneKind::Focus, SceneKind::Camera, SceneKind::Custom] {
            assert_eq!(judged(&secret(then), &windows, kind), focus, "{then} {kind:?}");
        }
    }
}

#[test]
fn each_field_is_matched_by_itself_and_all_that_are_named_must_match() {
    let mail =
        r#"{"match": {"application": {"exact": "firefox"}, "title": {"contains": "inbox"}}, "then": "fill"}"#;
    let app = r#"{"match": {"application": {"glob": "keepass*"}}, "then": "fill"}"#;
    let bank = r#"{"match": {"address": {"regex": "^https://([^/]+\\.)?bank\\.test/"}}, "then": "fill"}"#;
    for (rule, one, expected) in [
        (mail, "firefox|Inbox (3)|-", "0:fill/0 0:title/0"),
        (mail, "firefox|News|-", "keep"),
        (mail, "xterm|inbox|-", "keep"),
        (app, "KeePassXC|Passwords|-", "0:fill/0 0:title/0"),
        (app, "xterm|keepass|-", "keep"),
        (bank, "firefox|x|https://my.bank.test/in", "0:fill/0 0:title/0 0:url/0"),
        (bank, "firefox|x|https://bank.test.evil.test/", "keep"),
        (bank, "anything|x|https://bank.test/", "0:fill/0 0:title/0 0:url/0"),
    ] {
        let settings = format!(r#"{{"rules": [{rule}]}}"#);
        assert_eq!(judged(&settings, &[window(one)], SceneKind::Snapshot), expected, "{one}");
    }
}

#[test]
fn case_is_ignored_unless_the_rule_minds_it() {
    let minding =
        r#"{"rules": [{"match": {"title": {"contains": "Secret"}}, "then": "fill", "ignore-case": false}]}"#;
    for (one, ignored, minded) in [
        ("a|SECRET|-", "0:fill/0 0:title/0", "keep"),
        ("a|Secret|-", "0:fill/0 0:title/0", "0:fill/0 0:title/0"),
    ] {
        assert_eq!(judged(&secret("fill"), &[window(one)], SceneKind::Snapshot), ignored, "{one}");
        assert_eq!(judged(minding, &[window(one)], SceneKind::Snapshot), minded, "{one}");
    }
}

#[test]
fn skip_beats_fill_beats_blur_beats_hide_title() {
    let rule = |then: &str, text: &str| {
        format!(r#"{{"match": {{"title": {{"contains": "{text}"}}}}, "then": "{then}"}}"#)
    };
    let settings = format!(
        r#"{{"rules": [{}, {}, {}, {}, {}]}}"#,
        rule("hide-title", "a"),
        rule("blur", "b"),
        rule("fill", "c"),
        rule("skip", "d"),
        rule("fill", "e")
    );
    for (title, expected) in [
        ("x", "keep"),
        ("a", "0-title-bar:fill/0 0:title/0"),
        ("ab", "0:blur/1 0:title/1"),
        ("abc", "0:fill/2 0:title/2"),
        ("ce", "0:fill/2 0:title/2"),
        ("abcd", "skip 3"),
    ] {
        let windows = [window(&format!("app|{title}|-"))];
        assert_eq!(judged(&settings, &windows, SceneKind::Snapshot), expected, "{title}");
    }
    // One window to be skipped is enough, whatever stands beside it; all rules that say so are named once.
    let settings = format!(r#"{{"rules": [{}, {}]}}"#, rule("skip", "d"), rule("skip", "e"));
    let windows = [window("app|e|-"), window("app|d|-"), window("app|x|-"), window("app|de|-")];
    assert_eq!(judged(&settings, &windows, SceneKind::Snapshot), "skip 0 1");
}

#[test]
fn a_window_is_judged_under_every_title_that_it_had() {
    // The host lists the same window twice: its title changed while the picture was taken.
    let windows = [window("editor|secret.txt|-"), window("editor|notes.txt|-")];
    assert_eq!(judged(&secret("fill"), &windows, SceneKind::Snapshot), "0:fill/0 0:title/0");
    assert_eq!(judged(&secret("skip"), &windows, SceneKind::Snapshot), "skip 0");
}

#[test]
fn what_cannot_be_told_is_covered_and_said_to_be_so() {
    let keep = |then: &str| secret(then).replacen('{', r#"{"unknown": "keep", "#, 1);
    // A popup menu: no title, no application.
    let menu = [window("-|-|-")];
    for (then, expected) in [
        ("fill", "0:fill/1"),
        ("blur", "0:fill/1"),
        ("skip", "0:fill/1"),
        ("hide-title", "0-title-bar:fill/1"),
    ] {
        assert_eq!(judged(&secret(then), &menu, SceneKind::Snapshot), expected, "{then}");
        assert_eq!(judged(&secret(then), &menu, SceneKind::Focus), "keep", "{then}: no text to hide");
        assert_eq!(judged(&keep(then), &menu, SceneKind::Snapshot), "keep", "{then}");
    }
    // An empty title tells as little as none.
    assert_eq!(judged(&secret("fill"), &[window("xterm||-")], SceneKind::Snapshot), "0:fill/1");
    assert_eq!(
        rules(&secret("fill")).words(),
        [r#"Title contains "secret": solid block"#, "Windows without a readable title: covered"]
    );
    assert_eq!(rules(&keep("fill")).words(), [r#"Title contains "secret": solid block"#]);
}

#[test]
fn a_field_that_does_not_match_settles_it_whatever_else_cannot_be_told() {
    let settings = r#"{"rules": [
        {"match": {"application": {"exact": "firefox"}, "title": {"contains": "bank"}}, "then": "skip"}
    ]}"#;
    for (one, expected) in [
        ("xterm|-|-", "keep"),
        ("-|news|-", "keep"),
        ("firefox|-|-", "0:fill/1"),
        ("-|My bank|-", "0:fill/1 0:title/1"),
        ("firefox|My bank|-", "skip 0"),
    ] {
        assert_eq!(judged(settings, &[window(one)], SceneKind::Snapshot), expected, "{one}");
    }
}

#[test]
fn what_is_certain_is_named_before_what_cannot_be_told() {
    let settings = r#"{"rules": [
        {"match": {"address": {"contains": "bank"}}, "then": "fill"},
        {"match": {"title": {"contains": "inbox"}}, "then": "fill"}
    ]}"#;
    assert_eq!(
        judged(settings, &[window("firefox|inbox|-")], SceneKind::Snapshot),
        "0:fill/1 0:title/1",
        "the second rule holds, the first cannot be told"
    );
}

#[test]
fn an_address_is_unknown_only_where_there_may_be_one() {
    let settings = r#"{"rules": [{"match": {"address": {"contains": "bank"}}, "then": "fill"}]}"#;
    for (one, expected) in [
        ("xterm|x|-", "keep"),
        ("gimp|x|-", "keep"),
        ("Navigator|x|-", "0:fill/1 0:title/1"),
        ("Google-chrome|x|-", "0:fill/1 0:title/1"),
        ("chromium|x|-", "0:fill/1 0:title/1"),
        ("firefox-esr|x|https://news.test", "keep"),
        ("-|x|-", "0:fill/1 0:title/1"),
    ] {
        assert_eq!(judged(settings, &[window(one)], SceneKind::Snapshot), expected, "{one}");
    }
}

#[test]
fn a_window_that_is_not_on_screen_is_in_no_picture_but_keeps_no_text() {
    for (then, expected) in [
        ("fill", "0:title/0 0:url/0"),
        ("blur", "0:title/0 0:url/0"),
        ("hide-title", "0:title/0"),
        ("skip", "0:title/0 0:url/0"),
    ] {
        let windows = [minimised("firefox|secret|https://x.test")];
        for kind in [SceneKind::Snapshot, SceneKind::Focus] {
            assert_eq!(judged(&secret(then), &windows, kind), expected, "{then} {kind:?}");
        }
    }
    assert_eq!(judged(&secret("fill"), &[minimised("-|-|-")], SceneKind::Snapshot), "keep");
}

#[test]
fn without_rules_everything_is_kept_and_nothing_is_said() {
    for settings in ["", "null", "{}", r#"{"rules": []}"#, r#"{"unknown": "cover"}"#] {
        let rules = rules(settings);
        assert_eq!(rules.judge(&[window("-|-|-")], SceneKind::Snapshot), Verdict::Keep, "{settings}");
        assert!(rules.words().is_empty(), "{settings}");
    }
}

#[test]
fn a_full_scene_keeps_within_what_the_host_takes() {
    let windows = vec![window("firefox|secret|https://x.test"); 512];
    let Verdict::Redact(redaction) = rules(&secret("fill")).judge(&windows, SceneKind::Snapshot) else {
        panic!("not redacted");
    };
    assert_eq!((redaction.masks.len(), redaction.hidings.len()), (512, 1_024));
}

#[test]
fn invariant_03_a_bad_rule_is_refused_with_its_place_and_reason() {
    let rule = |rest: &str| {
        format!(r#"{{"rules": [{{"match": {{"title": {{"exact": "a"}}}}, "then": "fill"}}, {rest}]}}"#)
    };
    for (settings, place, reason) in [
        (
            rule(r#"{"match": {"title": {"regex": "("}}, "then": "fill"}"#),
            "/rules/1/match/title/regex",
            "The regular expression is malformed: unclosed group.",
        ),
        (
            rule(r#"{"match": {"address": {"glob": "[a"}}, "then": "fill"}"#),
            "/rules/1/match/address/glob",
            "The glob has a `[` without `]`: write `\\[` for a bracket.",
        ),
        (
            rule(r#"{"match": {"application": {"contains": ""}}, "then": "fill"}"#),
            "/rules/1/match/application/contains",
            "An empty pattern says nothing: leave it out, or use `\"glob\": \"*\"` for any text.",
        ),
        (
            rule(r#"{"match": {}, "then": "fill"}"#),
            "/rules/1/match",
            "Name at least one of `application`, `title`, `address`.",
        ),
        (
            rule(r#"{"match": {"title": {"exact": "a"}}, "then": "fill", "words": " "}"#),
            "/rules/1/words",
            "Words are one line of 1 to 200 bytes; leave them out to have them made.",
        ),
        (
            rule(r#"{"match": {"title": {"exact": "a"}}, "then": "erase"}"#),
            "/rules/1/then",
            "Unknown variant `erase`, expected one of `hide-title`, `blur`, `fill`, `skip`.",
        ),
        (rule(r#"{"match": {"title": {"exact": "a"}}}"#), "/rules/1", "Missing field `then`."),
        (rule(r#"{"then": "fill"}"#), "/rules/1", "Missing field `match`."),
        (
            rule(r#"{"match": {"name": {"exact": "a"}}, "then": "fill"}"#),
            "/rules/1/match/name",
            "Unknown field `name`, expected one of `application`, `title`, `address`.",
        ),
        (
            rule(r#"{"match": {"title": {"prefix": "a"}}, "then": "fill"}"#),
            "/rules/1/match/title",
            "Unknown variant `prefix`, expected one of `exact`, `contains`, `glob`, `regex`.",
        ),
        (
            rule(r#"{"match": {"title": "a"}, "then": "fill"}"#),
            "/rules/1/match/title",
            "Unknown variant `a`, expected one of `exact`, `contains`, `glob`, `regex`.",
        ),
        (
            rule(r#"{"match": {"title": {"exact": 1}}, "then": "fill"}"#),
            "/rules/1/match/title/exact",
            "Invalid type: integer `1`, expected a string.",
        ),
        (
            rule(r#"{"match": {"title": {"exact": "a"}}, "then": "fill", "ignore_case": true}"#),
            "/rules/1/ignore_case",
            "Unknown field `ignore_case`, expected one of `match`, `then`, `ignore-case`, `words`.",
        ),
        (
            r#"{"unknown": "maybe"}"#.to_owned(),
            "/unknown",
            "Unknown variant `maybe`, expected `cover` or `keep`.",
        ),
        (
            "{\"rules\": [".to_owned(),
            "",
            "The settings are not valid JSON: EOF while parsing a list at line 1 column 11.",
        ),
    ] {
        let errors = Rules::parse(&settings).unwrap_err();
        assert_eq!(errors, [SettingError::new(place, reason)], "{settings}");
    }
}

#[test]
fn every_bad_rule_is_told_at_once() {
    let errors = Rules::parse(
        r#"{"rules": [
            {"match": {"title": {"regex": "["}, "application": {"exact": ""}}, "then": "fill"},
            {"match": {}, "then": "skip"}
        ]}"#,
    )
    .unwrap_err();
    let places: Vec<&str> = errors.iter().map(|e| e.place.as_str()).collect();
    assert_eq!(places, ["/rules/0/match/application/exact", "/rules/0/match/title/regex", "/rules/1/match"]);
}

#[test]
fn there_are_at_most_255_rules() {
    let one = r#"{"match": {"title": {"exact": "a"}}, "then": "fill"}"#;
    let many = |n: usize| format!(r#"{{"rules": [{}]}}"#, vec![one; n].join(","));
    assert_eq!(rules(&many(255)).words().len(), 256);
    let errors = Rules::parse(&many(256)).unwrap_err();
    assert_eq!(errors, [SettingError::new("/rules", "There are 256 rules; at most 255 are allowed.")]);
}

#[test]
fn two_hundred_windows_are_judged_well_within_a_millisecond_each() {
    let many: Vec<String> = (0..10)
        .flat_map(|n| {
            [
                format!(r#"{{"match": {{"title": {{"contains": "hidden {n}"}}}}, "then": "fill"}}"#),
                format!(r#"{{"match": {{"title": {{"regex": "\\bclient[- ]{n}\\b"}}}}, "then": "blur"}}"#),
            ]
        })
        .collect();
    let rules = rules(&format!(r#"{{"rules": [{}]}}"#, many.join(",")));
    let windows: Vec<SceneWindow> = (0..200)
        .map(|n| window(&format!("firefox|Issue {n}: the invoice service rounds twice - Tracker|-")))
        .collect();
    // The best of many, so that a busy machine does not matter; the bound is ten times what was measured.
    let best = (0..50)
        .map(|_| {
            let started = std::time::Instant::now();
            assert_eq!(rules.judge(&windows, SceneKind::Snapshot), Verdict::Keep);
            started.elapsed()
        })
        .min()
        .unwrap();
    println!("20 rules, 200 windows: {best:?}");
    assert!(best.as_millis() < 50, "{best:?}");
}
