//! What was recorded: listed, shown, removed, typed in.

use super::*;

#[test]
fn forgetting_says_what_goes_and_is_never_done_unasked() {
    let agent = Agent::new();
    agent.change(|state| state.segments = vec![segment(START - 600_000), pictured(START, NOW - 20_000)]);
    let span = ["forget", "--from", "2025-11-27T17:45", "--to", "2025-11-27T17:53"];
    let output = run(agent.data(), &span);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for words in
        ["17:40 – 18:00", "2 whole segments", "with 7 minutes", "1 picture,", "Both sides will see", "--yes"]
    {
        assert!(error.contains(words), "{words:?} is not in:\n{error}");
    }
    assert_eq!(agent.deeds(), []);

    let text = says(&agent, &[&span[..], &["--yes"]].concat());
    assert!(text.contains("Both sides will see that it was removed"), "{text}");
    // Exactly what was told: the whole segments.
    let (from, to) = (START - 600_000, START + 600_000);
    assert_eq!(agent.deeds(), [ForgetSpan { from, to }.into()]);

    assert!(fails(agent.data(), &["forget", "--last", "10m", "--yes"]).contains("nothing was recorded"));
    assert!(fails(agent.data(), &["forget", "--last", "soon"]).contains("10m"));
    assert_eq!(run(agent.data(), &["forget"]).status.code(), Some(2), "a span has to be named");
}

#[test]
fn a_day_is_listed_with_what_each_segment_shows() {
    let agent = Agent::new();
    agent.change(|state| {
        let manual = Segment { manual: true, minutes: Vec::new(), ..segment(START - 1_200_000) };
        let removed = Segment { removed_at: Some(NOW), ..segment(START - 600_000) };
        state.segments = vec![manual, removed, pictured(START, NOW - 20_000)];
    });
    let text = says(&agent, &["today", "--day", "2025-11-27"]);
    for words in [
        "Thu 27 Nov 2025, Helsinki time, UTC+2\n",
        "17:30 – 17:40   0:03  Invoice import (Development). Manual, no picture, sent",
        "17:40 – 17:50   –     Time removed by you, ",
        "17:50 – 18:00   0:03  Invoice import (Development). Activity in 2 of 3 minutes, sends at",
        "Picture at 17:53, 1 window redacted",
        "Total           0:06",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    assert!(says(&agent, &["today", "--day", "2025-11-20"]).contains("No time."));
}

#[test]
fn a_picture_is_shown_saved_and_removed() {
    let agent = Agent::new();
    assert!(fails(agent.data(), &["picture"]).contains("there is no picture from today"));
    agent.change(|state| {
        state.status.last_picture = Some(pictured(START, NOW - 20_000));
        state.segments = vec![pictured(START, NOW - 20_000)];
        state.removal = PictureRemoval::RemovesTime;
    });
    let text = says(&agent, &["picture"]);
    assert!(text.contains("1920 × 1080, 53 kB") && text.contains("payroll"), "{text}");

    let file = agent.data().join("last.webp");
    says(&agent, &["picture", "--save", file.to_str().unwrap()]);
    assert_eq!(std::fs::read(&file).unwrap(), b"RIFF");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fails(agent.data(), &["picture", "--save", file.to_str().unwrap()]).contains("name a new file"));

    let output = run(agent.data(), &["picture", "--remove"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("Under the terms, this also removes the time of 17:50 – 18:00: 4 minutes."),
        "{error}"
    );
    assert!(!agent.deeds().contains(&RemovePicture { start: START }.into()), "removed without being asked");
    assert!(says(&agent, &["picture", "--remove", "--yes"]).contains("Its time went with it."));
    assert!(agent.deeds().contains(&RemovePicture { start: START }.into()));
    says(&agent, &["picture", "--at", "2025-11-27T17:53", "--undo"]);
    assert!(agent.deeds().contains(&RestoreSegment { start: START }.into()));
}

#[test]
fn time_is_typed_in() {
    let agent = Agent::new();
    let text = says(&agent, &["manual", "--from", "2025-11-27T09:10", "--to", "2025-11-27T09:40", "Call"]);
    assert!(text.contains("Added 0:30 as manual time, 09:10 – 09:40."), "{text}");
    assert!(fails(agent.data(), &["manual", "--from", "09:10", "--to", "09:10", "Call"]).contains("earlier"));
}
