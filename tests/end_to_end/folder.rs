//! A contract whose proof goes into a plain folder: what a person finds there, and that nothing counts as delivered
//! before it is.
//!
//! The agent runs under a fast clock and a painted screen (a simulation of time and hardware); plugins, journal and
//! folder are the real ones.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    GetOutbox, GetSegments, OutboxAnswer, ParcelState, RemovePicture, Segment, StartTracking, StopTracking,
    TryNow,
};
use candor_test_display::picture::Picture;
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::leaks;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(150), "no {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// All files of a name below a folder.
fn files(folder: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, name));
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn outbox(agent: &Agent) -> OutboxAnswer {
    agent.request(&GetOutbox).unwrap()
}

#[test]
fn a_day_lies_in_a_folder_that_is_read_without_candor() {
    let home = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&home.path().join("backoffice"), 0).unwrap();
    let mut terms = terms("folder", backoffice.address(), 0);
    terms["uploader"] = json!({ "plugin": "folder", "settings": { "title": "My work" } });
    backoffice.add_contract(&terms).unwrap();
    let agent = Agent::enrol(&home.path().join("agent"), &backoffice, "folder").unwrap();
    let real = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let _running = FastAgent::start(&agent, u64::try_from(real).unwrap(), SPEED).unwrap();
    agent.request(&StartTracking { memo: Some("Reading <b>slowly</b>".into()), no_sign: true }).unwrap();

    // Each session has a folder of its own.
    let delivered =
        agent.data().join("delivered").join(agent.session("folder").unwrap().file_name().unwrap());
    let picture = until("picture", || files(&delivered, "picture.webp").pop());
    until("delivery", || {
        outbox(&agent).entries.iter().any(|e| e.state == ParcelState::Delivered).then_some(())
    });
    let folder = picture.parent().unwrap();
    let image = Picture::read(&picture).unwrap();
    assert_eq!((image.width(), image.height()), (320, 200));
    let readable: Value =
        serde_json::from_slice(&std::fs::read(folder.join("segment.json")).unwrap()).unwrap();
    assert!(readable.to_string().contains("slowly"), "{readable:#}");
    let envelope: Value =
        serde_json::from_slice(&std::fs::read(folder.join("parcel.dsse.json")).unwrap()).unwrap();
    assert_eq!(envelope["signatures"].as_array().unwrap().len(), 1, "{envelope:#}");
    let page = std::fs::read_to_string(folder.parent().unwrap().join("index.html")).unwrap();
    let name = folder.file_name().unwrap().to_string_lossy();
    assert!(page.contains(&format!("{name}/picture.webp")), "{page}");
    assert!(page.contains("&lt;b&gt;slowly") && !page.contains("<b>slowly"), "a memo is text");
    // The back office never saw any of it, and the covered window is nowhere.
    assert!(backoffice.deliveries("folder").unwrap().is_empty());
    assert_eq!(leaks::files_with(&delivered, "payroll"), Vec::<PathBuf>::new());

    // A picture that is removed is gone from the folder, too.
    let segments: Vec<Segment> = agent.request(&GetSegments { from: 0, to: 1 << 50 }).unwrap();
    let taken = segments.iter().find(|s| s.picture.is_some() && s.parcel.is_some()).unwrap();
    let first = files(&delivered, "picture.webp").swap_remove(0);
    agent.request(&RemovePicture { start: taken.start }).unwrap();
    until("removal", || (std::fs::metadata(&first).unwrap().len() == 0).then_some(()));

    // If the folder cannot be written, parcels wait, and go when it can: a file is in the way of its name.
    let aside = home.path().join("aside");
    std::fs::rename(&delivered, &aside).unwrap();
    std::fs::write(&delivered, "in the way").unwrap();
    let waits = until("waiting parcel", || {
        outbox(&agent).entries.into_iter().find(|e| e.state == ParcelState::Waiting && e.last_error.is_some())
    });
    std::fs::remove_file(&delivered).unwrap();
    std::fs::rename(&aside, &delivered).unwrap();
    agent.request(&StopTracking { at_segment_end: false }).unwrap();
    agent.request(&TryNow).unwrap();
    until("late delivery", || {
        let entries = outbox(&agent).entries;
        entries
            .iter()
            .find(|e| e.parcel == waits.parcel)
            .filter(|e| e.state == ParcelState::Delivered)
            .map(drop)
    });
}
