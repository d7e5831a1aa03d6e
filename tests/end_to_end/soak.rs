//! A long day with pauses, sleeps, clocks that are set, lost displays, full disks, bad networks, kills and hostile
//! plugins: what was tracked, billed, shown and sent is what an independent model says, minute by minute.
//!
//! Ten minutes of real time are more than three hours of the simulated computer's; `CANDOR_SOAK_S` sets another length in
//! seconds, such as 7200. The seed is printed; the same one lives the same day again (as far as the machine's own timing
//! lets it), `CANDOR_SOAK_SEED` sets another.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use candor_diary::calendar::week_of;
use candor_protocol::{StopTracking, SwitchContract, VerifyJournal};
use candor_seal::PublicKey;
use candor_tests::soak::check::{Found, differences, misplaced, nothing_leaked, report};
use candor_tests::soak::driver::{CONTRACTS, Deed, Driver, Note};
use candor_tests::soak::model::Model;
use candor_tests::soak::proxy::Sent;
use candor_tests::soak::{found, steps};

/// How many times as fast as real time the simulated clocks run.
const SPEED: u64 = 20;

/// How long the day lasts in real time, if `CANDOR_SOAK_S` says nothing else, in seconds.
const LASTS_S: u64 = 600;

/// The day that is lived if `CANDOR_SOAK_SEED` says nothing else.
const SEED: u64 = 434_438_458;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Monday noon of this week, in milliseconds since the Unix epoch: no clock that is set, and no sleep, leaves the week,
/// which the back office tells by its own clock.
fn monday(now: u64) -> u64 {
    week_of(now).0 + 12 * 3_600_000
}

/// Everything of a driver whose day is over.
struct Day {
    driver: Driver,
    model: Model,
    sent: Vec<Sent>,
}

fn driver(folder: &Path, seed: u64) -> Driver {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Driver::sit_down(folder, seed, monday(u64::try_from(now.as_millis()).unwrap()), SPEED).unwrap()
}

/// Lives a day, until everything has arrived; a failure tells all that was done.
fn day(mut driver: Driver, live: impl FnOnce(&mut Driver) -> Result<()>) -> Day {
    let lived = live(&mut driver);
    let end = driver.world.boot();
    if let Err(error) = lived.and_then(|()| driver.settle()) {
        let note = |n: &Note| format!("\n{} +{} {:?} {:?}", n.sent, n.done - n.sent, n.deed, n.refused);
        let told: String = driver.notes.iter().map(note).collect();
        panic!("{error:#}{told}\n{}", driver.log_end());
    }
    let model =
        Model::of(driver.world.timebase, &driver.world.log(), &driver.notes, &driver.hands.stalls(), end);
    Day { model, sent: driver.proxy.sent(), driver }
}

#[test]
fn invariant_01_what_is_shown_during_a_pause_or_a_stop_is_in_no_file_and_no_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let day = day(driver(folder.path(), 1), |driver| {
        driver.hands.type_on(true);
        driver.lasts(5_000);
        steps::start(driver);
        for _ in 0..3 {
            driver.lasts(70_000);
            steps::pause(driver)?;
            driver.lasts(70_000);
            steps::stop(driver)?;
        }
        driver.lasts(70_000);
        driver.does(Deed::Stop, &StopTracking { at_segment_end: false });
        Ok(())
    });
    let misplaced = misplaced(&day.model, &day.sent);
    assert!(misplaced.is_empty(), "{}", report(&day.model, &day.driver.notes, &misplaced));
    nothing_leaked(day.driver.folder(), &day.sent).unwrap();
}

#[test]
fn invariant_09_a_long_day_of_bad_luck_is_tracked_billed_shown_and_sent_as_it_really_was() {
    let seed = number("CANDOR_SOAK_SEED").unwrap_or(SEED);
    let lasts = Duration::from_secs(number("CANDOR_SOAK_S").unwrap_or(LASTS_S));
    // Shown if the test fails; also before it is known whether it does.
    println!("seed {seed}, {} s", lasts.as_secs());
    let mut folder = tempfile::tempdir().unwrap();
    // For whoever wants to look into it afterwards.
    if std::env::var_os("CANDOR_SOAK_KEEP").is_some() {
        folder.disable_cleanup(true);
        println!("kept in {}", folder.path().display());
    }
    let Day { driver, model, sent } = day(driver(folder.path(), seed), |driver| steps::live(driver, lasts));

    // What was found.
    let key = driver.backoffice.key().unwrap();
    let segments = found::segments(&sent, &PublicKey::from_hex(&key).unwrap()).unwrap();
    let mut found =
        Found { sent: &sent, segments, deliveries: vec![], listed: vec![], billed_minutes: vec![] };
    for contract in CONTRACTS {
        driver.ask(&SwitchContract { contract: contract.into() }).unwrap();
        found.listed.push(driver.segments().unwrap());
        found.deliveries.push(driver.backoffice.deliveries(contract).unwrap());
        // If nothing was sent of a contract, nothing can be billed of it.
        let billed = found::token_of(&sent, contract).map_or(0, |token| {
            let week = driver.proxy.get(&format!("/api/v1/week?contract={contract}"), &token).unwrap();
            week["billed_minutes"].as_u64().unwrap()
        });
        found.billed_minutes.push(billed);
    }
    let verified = driver.ask(&VerifyJournal).unwrap();
    assert_eq!(verified.first_bad, None, "seed {seed}: {verified:#?}");

    // Beside what the model says.
    let all = differences(&model, &driver.notes, &found);
    let minutes: u64 = model.truths.iter().map(|t| t.sure.ms() / 60_000).sum();
    println!(
        "{} deeds, {} segments arrived, {minutes} minutes are surely tracked, {} differences, {} ms of stalls",
        driver.notes.len(),
        found.segments.len(),
        all.len(),
        driver.hands.stalls().ms(),
    );
    assert!(all.is_empty(), "seed {seed}: {}", report(&model, &driver.notes, &all));
    if let Err(error) = nothing_leaked(driver.folder(), &sent) {
        panic!("seed {seed}: {error:#}");
    }
    // Were nothing surely tracked, nothing would be proved.
    assert!(minutes > 5 && found.segments.len() > 10, "{minutes} minutes, {} segments", found.segments.len());
}
