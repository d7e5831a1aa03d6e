//! The day: what may happen, how often, and for how long. Each step ends as it began: the person types under some contract,
//! and the tracker is on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use candor_protocol::{
    AnswerIdle, ForgetSpan, IdleAnswer, PauseTracking, RemovePicture, RemoveSegment, Request, RestoreSegment,
    SetMemo, StartTracking, StopTracking, SwitchContract, UndoIdleAnswer,
};

use super::driver::{CONTRACTS, Deed, Driver, IDLE_MINUTES};
use super::proxy::Weather;
use super::world::Event;
use super::{MINUTE, SEGMENT};

/// A second, in milliseconds.
const SECOND: u64 = 1_000;
/// An hour, in milliseconds.
const HOUR: u64 = 60 * MINUTE;

/// What may happen, how often of the sum, and how.
type Step = (&'static str, u64, fn(&mut Driver) -> Result<()>);

/// All that may happen in a day.
const STEPS: [Step; 18] = [
    ("work", 10, work),
    ("read without typing", 5, read),
    ("pause", 8, pause),
    ("stop and start", 6, stop),
    ("lock the screen", 5, lock),
    ("lose the display", 5, lose_display),
    ("go away", 5, go_away),
    ("sleep", 6, sleep),
    ("set the clock", 5, set_clock),
    ("fill the disk", 5, fill_disk),
    ("kill the agent", 6, kill),
    ("freeze the counter", 4, freeze),
    ("hold a key", 3, hold_key),
    ("forget", 3, forget),
    ("remove a picture", 3, remove_picture),
    ("remove a segment", 3, remove_segment),
    ("change the memo", 3, memo),
    ("switch contracts", 6, switch),
];

/// Lives the day for so long, in real time.
///
/// # Errors
/// If something of the test itself fails, or the agent ends by itself.
pub fn live(driver: &mut Driver, lasts: Duration) -> Result<()> {
    let began = Instant::now();
    driver.hands.type_on(true);
    // Whoever turns the tracker on has touched something: nobody is away then.
    driver.lasts(5 * SECOND);
    start(driver);
    work(driver)?;
    // Whatever chance says, each happens once.
    let mut due: Vec<usize> = (0..STEPS.len()).collect();
    while began.elapsed() < lasts {
        let index = if due.is_empty() {
            chosen(driver)
        } else {
            let nth = driver.dice.throw(0, due.len() as u64);
            due.swap_remove(usize::try_from(nth).unwrap_or(0))
        };
        weather(driver);
        let (name, _, step) = STEPS.get(index).context("no such step")?;
        driver.say(Deed::Say((*name).to_owned()));
        step(driver).with_context(|| format!("while: {name}"))?;
        // So that each step can be told from the next.
        let rest = driver.dice.throw(20, 150) * SECOND;
        driver.lasts(rest);
    }
    driver.proxy.set(Weather::Fair);
    driver.hands.type_on(false);
    let request = StopTracking { at_segment_end: false };
    driver.does(Deed::Stop, &request);
    Ok(())
}

fn chosen(driver: &mut Driver) -> usize {
    let sum = STEPS.iter().map(|(_, weight, _)| weight).sum();
    let mut thrown = driver.dice.throw(0, sum);
    for (index, (_, weight, _)) in STEPS.iter().enumerate() {
        if thrown < *weight {
            return index;
        }
        thrown -= weight;
    }
    0
}

/// The network turns bad for a while, and good again.
fn weather(driver: &mut Driver) {
    let weather = match driver.dice.throw(0, 20) {
        0 => Weather::Page(413),
        1 => Weather::Page(400),
        2 => Weather::Page(403),
        3 => Weather::Status(502),
        4 => Weather::Page(503),
        5 => Weather::Breaks,
        6 => Weather::Swallows,
        7 => Weather::Truncates,
        8..=15 => Weather::Fair,
        _ => return,
    };
    driver.proxy.set(weather);
    driver.say(Deed::Say(format!("the network: {weather:?}")));
}

/// Turns the tracker on.
pub fn start(driver: &mut Driver) {
    driver.does(Deed::Start, &StartTracking { memo: Some("At work".into()), no_sign: true });
}

fn work(driver: &mut Driver) -> Result<()> {
    let ms = driver.dice.throw(60, 300) * SECOND;
    driver.lasts(ms);
    Ok(())
}

fn read(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    let ms = driver.dice.throw(30, 150) * SECOND;
    driver.lasts(ms);
    driver.hands.type_on(true);
    Ok(())
}

/// Something private while nothing may be recorded; it is closed a moment before the tracker is on again.
fn privately(driver: &mut Driver, deed: Deed, request: &(impl Request + Sync)) -> Result<()> {
    driver.hands.type_on(false);
    driver.hides(deed, request)?;
    let ms = driver.dice.throw(15, 150) * SECOND;
    driver.lasts(ms);
    driver.hands.show(false)
}

/// A pause, in which something private is on the screen.
///
/// # Errors
/// If something of the test itself fails.
pub fn pause(driver: &mut Driver) -> Result<()> {
    privately(driver, Deed::Pause, &PauseTracking)?;
    driver.does(Deed::Resume, &StartTracking { memo: None, no_sign: true });
    driver.hands.type_on(true);
    Ok(())
}

/// The tracker is turned off, something private is on the screen, and it is turned on again.
///
/// # Errors
/// If something of the test itself fails.
pub fn stop(driver: &mut Driver) -> Result<()> {
    privately(driver, Deed::Stop, &StopTracking { at_segment_end: false })?;
    start(driver);
    driver.hands.type_on(true);
    Ok(())
}

fn lock(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    driver.world.happens(Event::Locked(true))?;
    let ms = driver.dice.throw(5, 200) * SECOND;
    driver.lasts(ms);
    driver.world.happens(Event::Locked(false))?;
    driver.hands.type_on(true);
    Ok(())
}

fn lose_display(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    driver.world.happens(Event::Lost(true))?;
    let ms = driver.dice.throw(5, 200) * SECOND;
    driver.lasts(ms);
    driver.world.happens(Event::Lost(false))?;
    driver.hands.type_on(true);
    Ok(())
}

fn go_away(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    let ms = u64::from(IDLE_MINUTES) * MINUTE + driver.dice.throw(30, 240) * SECOND;
    driver.lasts(ms);
    driver.hands.type_on(true);
    let until = Instant::now() + Duration::from_secs(5);
    while driver.status()?.question.is_none() && Instant::now() < until {
        driver.lasts(2 * SECOND);
    }
    let (typed, answer) = match driver.dice.throw(0, 3) {
        0 => (true, IdleAnswer::Manual("A call".into())),
        1 => (false, IdleAnswer::LeaveOut),
        _ => return Ok(()),
    };
    if driver.dice.throw(0, 2) == 0 {
        // The other answer first, by a slip of the hand.
        let slip = if typed { IdleAnswer::LeaveOut } else { IdleAnswer::Manual("A slip".into()) };
        let sent = driver.world.boot();
        if driver.ask(&AnswerIdle { answer: slip }).is_ok() {
            let undone = driver.ask(&UndoIdleAnswer).map(drop);
            let stays = undone.is_err();
            let said = Deed::Say("an answer that was undone".into());
            driver.note(sent, if stays { Deed::Answer(!typed) } else { said }, None);
        }
    }
    driver.does(Deed::Answer(typed), &AnswerIdle { answer });
    Ok(())
}

/// Half of the time something is asked for at once on waking.
fn sleep(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    driver.lasts(2 * SECOND);
    // In all no longer than a day: the week is not to be left.
    let longest = if driver.world.boot() < 24 * HOUR { 3 * HOUR } else { 10 * MINUTE };
    let ms = driver.dice.throw(MINUTE, longest);
    driver.world.happens(Event::Slept(ms))?;
    match driver.dice.throw(0, 4) {
        0 => return stop(driver),
        1 => return pause(driver),
        2 => memo(driver)?,
        _ => driver.lasts(30 * SECOND),
    }
    driver.hands.type_on(true);
    Ok(())
}

/// Forward or back, some work, and right again.
fn set_clock(driver: &mut Driver) -> Result<()> {
    let right = driver.world.ahead();
    let by = match driver.dice.throw(0, 4) {
        0 => driver.dice.throw(20, 300) * SECOND,
        1 => driver.dice.throw(24 * HOUR, 30 * HOUR),
        _ => driver.dice.throw(5 * MINUTE, 2 * HOUR),
    };
    let by = by.cast_signed();
    let back = driver.dice.throw(0, 3) == 0 && by < (2 * HOUR).cast_signed();
    driver.world.happens(Event::Ahead(if back { right - by } else { right + by }))?;
    let ms = driver.dice.throw(30, 400) * SECOND;
    driver.lasts(ms);
    driver.world.happens(Event::Ahead(right))?;
    Ok(())
}

fn fill_disk(driver: &mut Driver) -> Result<()> {
    driver.disk_full(true)?;
    let ms = driver.dice.throw(20, 240) * SECOND;
    driver.lasts(ms);
    driver.disk_full(false)
}

/// Now and then right after a change; then it runs again, and tracking is turned on again.
fn kill(driver: &mut Driver) -> Result<()> {
    if driver.dice.throw(0, 3) == 0 {
        driver.does(Deed::Say("a memo before the kill".into()), &SetMemo { memo: "Before".into() });
    }
    driver.kill()?;
    if driver.dice.throw(0, 2) == 0 {
        let ms = driver.dice.throw(1, 200) * SECOND;
        driver.lasts(ms);
    }
    driver.run()?;
    let contract = CONTRACTS.get(driver.contract).copied().unwrap_or_default();
    driver.ask(&SwitchContract { contract: contract.into() })?;
    start(driver);
    Ok(())
}

fn freeze(driver: &mut Driver) -> Result<()> {
    let typing = driver.dice.throw(0, 2) == 0;
    driver.hands.type_on(typing);
    driver.world.happens(Event::Frozen(true))?;
    let ms = driver.dice.throw(60, 170) * SECOND;
    driver.lasts(ms);
    driver.world.happens(Event::Frozen(false))?;
    driver.hands.type_on(true);
    Ok(())
}

fn hold_key(driver: &mut Driver) -> Result<()> {
    driver.hands.type_on(false);
    driver.world.happens(Event::Held(true))?;
    let ms = driver.dice.throw(2, 8) * MINUTE;
    driver.lasts(ms);
    driver.world.happens(Event::Held(false))?;
    driver.hands.type_on(true);
    Ok(())
}

fn forget(driver: &mut Driver) -> Result<()> {
    let now = driver.world.wall();
    let from = now - driver.dice.throw(0, 4 * SEGMENT);
    let to = (from + driver.dice.throw(1, SEGMENT)).min(now).max(from + 1);
    driver.does(Deed::Forget(from, to), &ForgetSpan { from, to });
    Ok(())
}

/// Half of the time it is undone at once: then it is as if nothing had been.
fn remove_segment(driver: &mut Driver) -> Result<()> {
    let now = driver.world.wall();
    let at = now - driver.dice.throw(0, 4 * SEGMENT);
    let start = at - at % SEGMENT;
    let whole = Deed::Forget(start, (start + SEGMENT).min(now).max(start + 1));
    let sent = driver.world.boot();
    let removed = driver.ask(&RemoveSegment { start });
    if let Err(why) = removed {
        driver.note(sent, whole, Some(format!("{why:#}")));
        return Ok(());
    }
    let undone = driver.dice.throw(0, 2) == 0 && driver.ask(&RestoreSegment { start }).is_ok();
    driver.note(sent, if undone { Deed::Say("remove a segment, and undo it".into()) } else { whole }, None);
    Ok(())
}

fn remove_picture(driver: &mut Driver) -> Result<()> {
    let all = driver.segments()?;
    let pictured: Vec<u64> =
        all.iter().filter(|s| s.picture.is_some() && s.parcel.is_some()).map(|s| s.start).collect();
    if let Some(start) = pictured.last().copied() {
        driver.does(Deed::RemovePicture(start), &RemovePicture { start });
    }
    Ok(())
}

fn memo(driver: &mut Driver) -> Result<()> {
    let memo = format!("Memo {}", driver.dice.throw(0, 1_000));
    driver.does(Deed::Say("a memo".into()), &SetMemo { memo });
    Ok(())
}

fn switch(driver: &mut Driver) -> Result<()> {
    let from = driver.contract;
    driver.contract = 1 - from;
    let contract = CONTRACTS.get(driver.contract).copied().unwrap_or_default();
    if driver.does(Deed::Switch(from), &SwitchContract { contract: contract.into() }).is_none() {
        driver.contract = from;
    }
    Ok(())
}
