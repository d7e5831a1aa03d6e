//! From a real screen to a Work Diary page: the demo, once with its rule and once without, and what each delivered.
//!
//! Both runs are made once, at the same time, by whichever test comes first; each test looks at one thing.

use std::path::PathBuf;
use std::sync::LazyLock;

use candor_test_display::picture::Picture;
use candor_test_driver::demo::Folder;
use candor_test_driver::leaks;
use serde_json::Value;

/// What the private window's title and text have in common.
const PRIVATE_WORD: &str = "payroll";

/// The private window with its title bar, as the demo lays it out: left, top, right, bottom. Another window lies over
/// what is below.
const PRIVATE_WINDOW: (u32, u32, u32, u32) = (500, 330, 1340, 688);

/// How far the colours of a flat area may be apart once the picture was compressed with loss.
const FLAT: u8 = 12;

struct Runs {
    with_rule: Ran,
    without_rule: Ran,
}

struct Ran {
    folder: Folder,
    report: Value,
}

static RUNS: LazyLock<Runs> = LazyLock::new(|| {
    let (with, without) = (Folder::new().unwrap(), Folder::new().unwrap());
    let (with_report, without_report) = {
        let mut first = with.start(&["--segments", "2", "--memo", "Rounding"]).unwrap();
        // By then it has its port: the other takes the next one.
        first.wait_until_it_says("Work Diary:").unwrap();
        let second = without.start(&["--segments", "1", "--without-rules"]).unwrap();
        (first.finish().unwrap(), second.finish().unwrap())
    };
    assert!(
        with_report.0,
        "the run with the rule failed:\n{}",
        std::fs::read_to_string(with.output()).unwrap()
    );
    assert!(
        without_report.0,
        "the run without rules failed:\n{}",
        std::fs::read_to_string(without.output()).unwrap()
    );
    Runs {
        with_rule: Ran { folder: with, report: with_report.1 },
        without_rule: Ran { folder: without, report: without_report.1 },
    }
});

impl Ran {
    fn segments(&self) -> &Vec<Value> {
        self.report["segments"].as_array().unwrap()
    }

    fn pictures(&self) -> Vec<Picture> {
        self.segments()
            .iter()
            .filter(|segment| !segment["snapshot"].is_null())
            .map(|segment| {
                Picture::read(&PathBuf::from(segment["snapshot"]["file"].as_str().unwrap())).unwrap()
            })
            .collect()
    }
}

#[test]
fn a_run_delivers_whole_segments_with_activity_and_a_snapshot_each() {
    let report = &RUNS.with_rule.report;
    assert_eq!(report["delivered"], 2, "{report:#}");
    assert_eq!(report["waiting"], 0, "{report:#}");
    assert!(report["diary_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    for who in ["worker", "client"] {
        assert!(report["sign_in"][who]["password"].as_str().unwrap().len() > 15);
    }
    let segments = RUNS.with_rule.segments();
    assert_eq!(segments.len(), 2);
    let start = |segment: &Value| segment["start"].as_u64().unwrap();
    assert_eq!(start(&segments[1]) - start(&segments[0]), 60_000);
    for segment in segments {
        assert_eq!(start(segment) % 60_000, 0);
        assert_eq!(segment["minutes_active"], 1, "{segment:#}");
        assert!(segment["keys"].as_u64().unwrap() > 20, "{segment:#}");
        assert!(segment["clicks"].as_u64().unwrap() > 0, "{segment:#}");
        assert!(segment["scrolls"].as_u64().unwrap() > 0, "{segment:#}");
        assert_eq!(segment["memo"], "Rounding");
        assert_eq!(segment["no_snapshot_because"], Value::Null);
        let snapshot = &segment["snapshot"];
        assert_eq!(snapshot["media_type"], "image/webp");
        let file = PathBuf::from(snapshot["file"].as_str().unwrap());
        assert!(file.is_absolute());
        assert_eq!(std::fs::metadata(file).unwrap().len(), snapshot["bytes"].as_u64().unwrap());
    }
}

#[test]
fn the_private_window_and_its_title_bar_are_one_solid_block_in_every_picture() {
    let ran = &RUNS.with_rule;
    let (left, top, right, bottom) = PRIVATE_WINDOW;
    let pictures = ran.pictures();
    assert_eq!(pictures.len(), 2);
    for (picture, segment) in pictures.iter().zip(ran.segments()) {
        assert_eq!((picture.width(), picture.height()), (1920, 1080));
        // Inside of the hairline that marks it.
        let spread = picture.spread(left + 6, top + 6, right - left - 12, bottom - top - 12);
        assert!(spread <= FLAT, "spread {spread}");
        let covered = segment["snapshot"]["redactions"].as_array().unwrap();
        assert!(!covered.is_empty());
        // With a margin: what a frame paints beyond itself is covered too.
        let number = |redaction: &Value, name: &str| redaction[name].as_u64().unwrap();
        assert!(
            covered.iter().any(|redaction| {
                number(redaction, "x") <= u64::from(left)
                    && number(redaction, "y") <= u64::from(top)
                    && number(redaction, "x") + number(redaction, "width") >= u64::from(right)
                    && number(redaction, "y") + number(redaction, "height") >= u64::from(bottom)
                    && redaction["cover"] == "fill"
            }),
            "{segment:#}"
        );
    }
}

#[test]
fn the_private_word_cannot_be_read_and_its_neighbours_can() {
    for picture in RUNS.with_rule.pictures() {
        let words = picture.words().unwrap();
        assert!(words.contains("KESTREL"), "{words}");
        assert!(words.contains("BRAMBLE"), "{words}");
        assert!(!words.to_lowercase().contains(PRIVATE_WORD), "{words}");
        assert!(!words.contains("7731"), "{words}");
    }
}

#[test]
fn without_the_rule_the_private_word_can_be_read() {
    let ran = &RUNS.without_rule;
    assert_eq!(ran.segments().len(), 1);
    let pictures = ran.pictures();
    assert_eq!(pictures.len(), 1, "{:#}", ran.report);
    let words = pictures[0].words().unwrap();
    assert!(words.to_lowercase().contains(PRIVATE_WORD), "{words}");
    assert!(words.contains("KESTREL"), "{words}");
    assert_eq!(ran.segments()[0]["snapshot"]["redactions"].as_array().unwrap().len(), 0);
}

#[test]
fn invariant_01_the_hidden_title_is_in_no_file_that_a_run_leaves_nor_in_a_log() {
    let ran = &RUNS.with_rule;
    assert!(leaks::count(ran.folder.path()) > 10, "there is little to search");
    let found = leaks::files_with(ran.folder.path(), PRIVATE_WORD);
    assert!(found.is_empty(), "{found:?}");
}
