//! What is told when, a status at a time.

use candor_diary::terms::{ManualTime, Mode};
use candor_protocol::{
    CurrentContract, IdleQuestion, OutboxCounts, PictureFacts, Preferences, Segment, SegmentCounts,
    SegmentState, Status,
};

use super::super::action::TrayAction;
use super::super::notification::{
    Notification, NotificationTopic, NotificationUpdate, recording_notification,
};
use super::NotificationPlanner;
use crate::format::DisplayZone;

/// Fri 27 Nov 2026, 15:53:20 UTC.
const NOW: u64 = 1_795_794_800_000;
const MINUTE: u64 = 60_000;

pub(in super::super) fn status() -> Status {
    Status {
        revision: 1,
        now: NOW,
        tracking: false,
        notice_accepted: true,
        current: Some(CurrentContract {
            id: "01j9a".into(),
            title: "Invoice service".into(),
            client: "Fieldhouse Supply".into(),
        }),
        mode: Mode::Worklog,
        since: Some(NOW - 23 * MINUTE),
        on_ms: 23 * MINUTE,
        sign: candor_protocol::SignState::default(),
        paused_since: None,
        away_since: None,
        away: None,
        question: None,
        memo: Some("Invoice import".into()),
        label: None,
        recent_memos: Vec::new(),
        labels: Vec::new(),
        stopping: false,
        running: None,
        last_picture: None,
        today_ms: 0,
        week_ms: 0,
        over_ms: 0,
        limit_ms: None,
        manual_time: ManualTime::Yes,
        segments: SegmentCounts::default(),
        outbox: OutboxCounts::default(),
        offline_since: None,
        next_try_at: None,
        contracts: Vec::new(),
        diary_url: None,
        problems: Vec::new(),
    }
}

fn pictured(at: u64, editable: bool) -> Segment {
    Segment {
        start: NOW - 200_000,
        length: 10,
        minutes: Vec::new(),
        tracked_ms: 0,
        billed_ms: 0,
        memo: None,
        label: None,
        manual: false,
        removed_at: None,
        picture: Some(PictureFacts {
            at,
            width: 1,
            height: 1,
            bytes: 1,
            redactions: Vec::new(),
            covered_by: Vec::new(),
            focus: None,
        }),
        no_picture: None,
        no_picture_sentence: None,
        dropped: Vec::new(),
        gaps: Vec::new(),
        no_sign: false,
        notes: Vec::new(),
        undo_until: None,
        state: SegmentState::Held { sends_at: NOW + MINUTE },
        parcel: None,
        editable,
    }
}

fn notification_planner() -> NotificationPlanner {
    NotificationPlanner::new(DisplayZone::utc())
}

/// What is shown; taking back aside.
fn shown(updates: Vec<NotificationUpdate>) -> Vec<Notification> {
    updates
        .into_iter()
        .filter_map(|update| match update {
            NotificationUpdate::Show(message) => Some(message),
            NotificationUpdate::Withdraw(_) => None,
        })
        .collect()
}

fn plan(notification_planner: &mut NotificationPlanner, status: &Status) -> Vec<Notification> {
    shown(notification_planner.plan(status, Preferences::default(), false))
}

#[test]
fn what_is_told_of_recording_names_contract_and_client_and_what_one_can_do() {
    let told = |mode| recording_notification(&Status { mode, ..status() }, &DisplayZone::utc());
    let message = told(Mode::Worklog);
    assert_eq!(message.summary, "This computer is being recorded");
    assert_eq!(
        message.body,
        "Since 15:30, 'Invoice service' for Fieldhouse Supply. You can stop at any time."
    );
    assert!(told(Mode::Monitoring).body.contains("Fieldhouse Supply decides what is recorded."));
}

#[test]
fn a_picture_is_told_when_it_is_new_and_the_person_wants_to_know() {
    let mut status = Status { last_picture: Some(pictured(NOW, true)), ..status() };
    let mut notification_planner = notification_planner();
    assert_eq!(plan(&mut notification_planner, &status), [], "it was there before the tray");
    status.last_picture = Some(pictured(NOW + 1, true));
    let message = plan(&mut notification_planner, &status).remove(0);
    assert_eq!(message.body, "Sends at 15:54.");
    assert_eq!(message.actions[0], (TrayAction::RemovePicture(NOW - 200_000), "Delete".into()));
    assert_eq!(plan(&mut notification_planner, &status), [], "told once");
    // The last one was removed, so an earlier one is the last again.
    status.last_picture = Some(pictured(NOW, true));
    assert_eq!(plan(&mut notification_planner, &status), []);

    status.last_picture = Some(pictured(NOW + 2, false));
    let message = plan(&mut notification_planner, &status).remove(0);
    assert_eq!(message.actions.len(), 1, "what may not be removed has no button for it");

    status.last_picture = Some(pictured(NOW + 3, true));
    let message = shown(notification_planner.plan(&status, Preferences::default(), true)).remove(0);
    assert_eq!(message.actions[0].1, "Delete with its 0 minutes");

    status.last_picture = Some(pictured(NOW + 4, true));
    let quiet = Preferences { notify_on_capture: false, ..Preferences::default() };
    assert_eq!(shown(notification_planner.plan(&status, quiet, false)), []);
}

#[test]
fn the_memo_is_asked_about_after_the_set_time_and_never_where_it_is_zero() {
    let every = |minutes| Preferences { memo_reminder_minutes: minutes, ..Preferences::default() };
    let mut status = Status { tracking: true, ..status() };
    let mut notification_planner = notification_planner();
    plan(&mut notification_planner, &status);
    let after =
        |notification_planner: &mut NotificationPlanner, status: &mut Status, minutes: u64, set: u32| {
            status.now += minutes * MINUTE;
            shown(notification_planner.plan(status, every(set), false)).len()
        };
    assert_eq!(after(&mut notification_planner, &mut status, 59, 60), 0);
    assert_eq!(after(&mut notification_planner, &mut status, 1, 60), 1);
    assert_eq!(after(&mut notification_planner, &mut status, 59, 60), 0, "an hour after the last reminder");
    status.memo = Some("Bank rules".into());
    assert_eq!(after(&mut notification_planner, &mut status, 1, 60), 0, "a new memo begins anew");
    assert_eq!(after(&mut notification_planner, &mut status, 60, 0), 0, "never");
    status.tracking = false;
    assert_eq!(after(&mut notification_planner, &mut status, 60, 60), 0);
    status.tracking = true;
    assert_eq!(after(&mut notification_planner, &mut status, 60, 60), 0, "tracking begins anew");
}

#[test]
fn the_question_offers_what_the_terms_allow_and_goes_when_it_is_answered() {
    let question = |manual_ms| IdleQuestion { from: NOW - 33 * MINUTE, to: NOW - 19 * MINUTE, manual_ms };
    let mut status = Status { question: Some(question(0)), ..status() };
    let mut notification_planner = notification_planner();
    let message = plan(&mut notification_planner, &status).remove(0);
    assert_eq!(message.summary, "Were you working from 15:20 to 15:34?");
    assert_eq!(message.actions.len(), 1);
    assert_eq!(plan(&mut notification_planner, &status), []);
    status.question = Some(question(10 * MINUTE));
    let message = plan(&mut notification_planner, &status).remove(0);
    assert_eq!(message.actions[1].1, "Keep 0:10 as manual time");
    status.question = None;
    let updates = notification_planner.plan(&status, Preferences::default(), false);
    assert!(updates.contains(&NotificationUpdate::Withdraw(NotificationTopic::Question)), "{updates:?}");
}

#[test]
fn a_lost_connection_is_told_once_and_not_each_time_it_flickers() {
    let mut status = status();
    let mut notification_planner = notification_planner();
    let mut told = |offline: bool, minutes: u64| {
        status.now += minutes * MINUTE;
        status.offline_since = offline.then_some(status.now);
        plan(&mut notification_planner, &status).len()
    };
    assert_eq!(told(false, 0), 0);
    assert_eq!(told(true, 0), 1);
    assert_eq!(told(true, 30), 0);
    assert_eq!(told(false, 0), 0);
    assert_eq!(told(true, 1), 1, "long after it was told");
    assert_eq!(told(false, 1), 0);
    assert_eq!(told(true, 1), 0, "it flickers");
}

#[test]
fn an_agent_that_ends_while_it_tracks_is_told_once() {
    let mut notification_planner = notification_planner();
    assert_eq!(notification_planner.plan_agent_lost(false), None, "nothing was recorded");
    plan(&mut notification_planner, &status());
    let Some(NotificationUpdate::Show(message)) = notification_planner.plan_agent_lost(true) else {
        panic!("it is not told")
    };
    assert_eq!(message.actions[0].0, TrayAction::Start);
    assert_eq!(notification_planner.plan_agent_lost(true), None);
    let updates = notification_planner.plan(&status(), Preferences::default(), false);
    assert!(updates.contains(&NotificationUpdate::Withdraw(NotificationTopic::Problem)), "{updates:?}");
}
