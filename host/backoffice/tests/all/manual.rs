//! Typed-in time, weekly limits, the week for devices, and invitations.

use crate::common::{
    CLIENT, STARTED, Server, WORKER, outcome, page_of, revised, set_clock, terms, this_week,
};
use candor_diary::calendar::locked_until;
use candor_diary::parcel::MinuteFacts;
use candor_diary::segment::SegmentLength;
use serde_json::{Value, json};

/// Terms with this permission to type time in.
fn allowing(sequence: u64, manual_time: &str) -> Value {
    let mut terms = terms("invoices", sequence, 10);
    terms["manual-time"] = json!(manual_time);
    terms
}

#[tokio::test]
async fn typed_in_time_is_billed_as_the_terms_allow() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let cookie = server.sign_in(CLIENT).await;
    let issue = |sequence, manual_time| {
        server.office.contract(&allowing(sequence, manual_time), CLIENT, WORKER).unwrap()
    };
    let start = this_week(6);
    device.deliver(&device.typed_in(start, 1)).await;
    let page = server.page(&page_of(start), &cookie).await;
    for text in ["Typed in, no picture", "Manual, not billable", "not allowed by the terms"] {
        assert!(page.contains(text), "{text}");
    }

    issue(2, "ask");
    let asking = device.under(&allowing(2, "ask"));
    device.deliver(&asking.typed_in(start + 600_000, 2)).await;
    let page = server.page(&page_of(start + 600_000), &cookie).await;
    for text in ["Manual, waiting for agreement", "0:10 waiting for agreement"] {
        assert!(page.contains(text), "{text}");
    }

    issue(3, "yes");
    let allowed = device.under(&allowing(3, "yes"));
    device.deliver(&allowed.typed_in(start + 1_200_000, 3)).await;
    let page = server.page(&page_of(start + 1_200_000), &cookie).await;
    for text in [
        "<b class=\"kind\">Manual</b>",
        "<li class=\"seg\" data-kind=\"manual\">",
        "Manual, billable",
        "Planning call with Lena",
        "Typed in by worker",
        "Backend",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let recorded = server.page("/contracts/invoices/recorded", &cookie).await;
    assert!(recorded.contains("Allowed, and shown as manual"));

    // A time of typing in that is dated back, into terms that were kinder or before harder ones: the client is asked.
    for (terms, nth) in [(&device, 4), (&asking, 5)] {
        let mut dated_back = terms.typed_in(start + nth * 600_000, nth);
        dated_back.manual.as_mut().unwrap().at = start;
        device.deliver(&dated_back).await;
        let page = server.page(&page_of(dated_back.start), &cookie).await;
        assert!(page.contains("Manual, waiting for agreement"), "{nth}");
    }
    issue(4, "no");
    let mut dated_back = allowed.typed_in(start + 3_600_000, 6);
    dated_back.manual.as_mut().unwrap().at = start;
    device.deliver(&dated_back).await;
    let page = server.page(&page_of(dated_back.start), &cookie).await;
    assert!(
        page.contains("Manual, waiting for agreement"),
        "it was allowed once, and the device says it was then"
    );
    // A memo that is written anew asks nobody anew, and gives nothing.
    let mut reworded = crate::common::revised(&allowed.typed_in(start + 1_200_000, 3), 1, 7);
    reworded.memo = Some("Planning call with Lena and Ola".to_owned());
    reworded.changed = vec![candor_diary::parcel::Field::Memo];
    device.deliver(&reworded).await;
    let page = server.page(&page_of(start + 1_200_000), &cookie).await;
    assert!(page.contains("Manual, billable") && page.contains("Lena and Ola"));

    // What was typed in before keeps the answer of then; tracked time comes first.
    let recorded = 10 * 6;
    assert_eq!(device.minutes().await, (10, recorded));
    let other = server.enrol("invoices").await;
    other.deliver(&other.parcel_at(start + 1_200_000, 10, 1)).await;
    assert_eq!(device.minutes().await, (10, recorded), "the same ten minutes, tracked now");
    let page = server.page(&page_of(start + 1_200_000), &cookie).await;
    assert!(page.contains("Tracked, billable") && page.contains("typed in. The time counts once."));
}

#[tokio::test]
async fn what_was_allowed_to_be_typed_in_does_not_grow_with_longer_segments() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    server.office.contract(&allowing(2, "yes"), CLIENT, WORKER).unwrap();
    let device = server.enrol("invoices").await;
    let typed = device.typed_in(this_week(6), 1);
    device.deliver(&typed).await;
    assert_eq!(device.minutes().await.0, 10);

    let mut longer = terms("invoices", 3, 60);
    longer["manual-time"] = json!("no");
    server.office.contract(&longer, CLIENT, WORKER).unwrap();
    let mut grown = revised(&device.under(&longer).typed_in(this_week(6), 2), 1, 2);
    grown.length = SegmentLength::new(60).unwrap();
    device.deliver(&grown).await;
    assert_eq!(device.minutes().await.0, 0, "an hour that nobody allowed");
}

#[tokio::test]
async fn a_typed_in_segment_says_what_was_done_and_has_no_activity() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut parcel = device.typed_in(this_week(3), 1);
    parcel.memo = None;
    assert_eq!(outcome(device.put_parcel(&parcel).await).await, (422, "bad-parcel".into()));
    let mut parcel = device.typed_in(this_week(3), 1);
    parcel.minutes = device.parcel_at(this_week(3), 10, 1).minutes;
    assert_eq!(outcome(device.put_parcel(&parcel).await).await, (422, "bad-parcel".into()));
    let mut parcel = device.typed_in(this_week(3), 1);
    parcel.manual.as_mut().unwrap().at = u64::MAX;
    assert_eq!(outcome(device.put_parcel(&parcel).await).await, (422, "bad-parcel".into()));
}

#[tokio::test]
async fn the_weekly_limit_of_the_terms_is_filled_and_a_change_waits_for_the_next_week() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let limited = |sequence, minutes| {
        let mut terms = terms("limited", sequence, 10);
        terms["weekly-limit"] = json!(minutes);
        terms
    };
    server.office.contract(&limited(1, 30), CLIENT, WORKER).unwrap();
    let device = server.enrol("limited").await;
    let day = "/contracts/limited/diary/2026-11-27?zone=utc&segment=none";
    let cookie = server.sign_in(CLIENT).await;
    for nth in 50..52 {
        device.deliver(&device.parcel(nth)).await;
    }
    let page = server.page(day, &cookie).await;
    // The deadline is that of the day's own week.
    for text in ["of 0:30 limit", "0:10 left", "Mon 30 Nov", ", 12:00 UTC"] {
        assert!(page.contains(text), "{text}");
    }
    for nth in 52..55 {
        device.deliver(&device.parcel(nth)).await;
    }
    let page = server.page(day, &cookie).await;
    for text in [
        "Limit reached Fri 08:50, 0:20 over",
        "0:30 of the weekly limit of 0:30 used, 0:20 over it",
        "of 0:50 recorded",
        "<li class=\"seg\" data-kind=\"over\">",
        "Over limit",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(server.page("/contracts/limited/recorded", &cookie).await.contains("0:30, a change counts"));

    // The first terms hold for all time before the second; those begin with the next week.
    server.office.contract(&limited(2, 600), CLIENT, WORKER).unwrap();
    let monday = this_week(0);
    let answer: Value = serde_json::from_slice(&device.week("").await.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["limit_minutes"], 30);
    set_clock(&folder.path().join("data"), monday + 9 * 86_400_000);
    device.deliver(&device.parcel_at(monday + 8 * 86_400_000, 10, 900)).await;
    let at = candor_diary::calendar::wall(monday + 8 * 86_400_000, &jiff::tz::TimeZone::UTC).unwrap();
    let page = server.page(&format!("/contracts/limited/diary/{}?zone=utc", at.date()), &cookie).await;
    assert!(page.contains("of 10:00 limit"));
}

#[tokio::test]
async fn a_device_learns_what_the_week_adds_up_to_on_all_devices() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (one, two) = (server.enrol("invoices").await, server.enrol("invoices").await);
    server.office.contract(&terms("support", 1, 10), CLIENT, WORKER).unwrap();
    let stranger = server.enrol("support").await;
    let monday = this_week(0);
    one.deliver(&one.parcel_at(monday, 10, 1)).await;
    let mut idle = two.parcel_at(monday + 600_000, 10, 1);
    for minute in &mut idle.minutes {
        *minute = MinuteFacts::new(minute.start, 60_000, Some(Default::default()));
    }
    two.deliver(&idle).await;
    two.deliver(&two.parcel_at(monday, 10, 2)).await; // the same time as the first device
    one.deliver(&one.parcel_at(monday - 600_000, 10, 3)).await; // last week
    for device in [&one, &two] {
        let answer = device.week("?contract=invoices").await;
        let week: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let expected = json!({
            "week_start": monday, "limit_minutes": null, "billed_minutes": 10, "recorded_minutes": 20,
            "locked_until": locked_until(STARTED)
        });
        assert_eq!(week, expected);
    }
    assert_eq!(outcome(stranger.week("?contract=invoices").await).await, (403, "wrong-device".into()));
    assert_eq!(outcome(one.week("?week=1").await).await, (400, "bad-request".into()));
    let mut nobody = one.clone();
    nobody.token = "0".repeat(64);
    assert_eq!(outcome(nobody.week("?contract=invoices").await).await, (401, "unauthorised".into()));
}

#[tokio::test]
async fn an_invitation_carries_the_address_a_code_that_enrols_and_the_key_that_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let file = folder.path().join("mara.candor");
    let file = file.to_str().unwrap();
    let arguments = ["--contract", "invoices", "--server", &server.url, "--file", file];
    let drawn = server.office.run("enrolment-code", &arguments, "").unwrap();
    let code = drawn["code"].as_str().unwrap();
    let address = server.url.replace(':', "%3A").replace('/', "%2F");
    let fingerprint = drawn["key"].as_str().unwrap();
    assert_eq!(drawn["link"], format!("candor:join?server={address}&code={code}&key={fingerprint}"));
    assert_eq!((&drawn["server"], &drawn["file"]), (&json!(server.url), &json!(file)));
    let read: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(
        read,
        json!({ "candor-invitation": 1, "server": server.url, "code": code, "key": fingerprint })
    );

    let key = candor_seal::SecretKey::generate().unwrap();
    let body =
        json!({ "code": code, "name": "thinkpad", "public-key": key.public().to_hex(), "nonce": "n1" });
    let answer =
        server.http.post(format!("{}/api/v1/enrol", server.url)).body(body.to_string()).send().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["diary-url"], "/contracts/invoices/diary");
    // The device believes only what the key that the invitation names has signed, to this very question.
    let proof = candor_seal::Envelope::from_json(answer["proof"].to_string().as_bytes()).unwrap();
    let signs = candor_seal::PublicKey::from_hex(answer["server-key"].as_str().unwrap()).unwrap();
    assert_eq!(signs.fingerprint(), fingerprint);
    let signed = proof.verify(candor_diary::wire::ENROLMENT_TYPE, &signs).unwrap();
    let signed: Value = serde_json::from_slice(signed).unwrap();
    assert_eq!((&signed["nonce"], &signed["public-key"]), (&json!("n1"), &json!(key.public().to_hex())));
    for part in ["device", "token", "terms", "server-key"] {
        assert_eq!(signed[part], answer[part], "{part}");
    }

    let run = |arguments: &[&str]| server.office.run("enrolment-code", arguments, "");
    let refused = run(&arguments).unwrap_err();
    assert!(refused.contains("is here already"), "{refused}");
    let refused = run(&["--contract", "invoices", "--file", "x.candor"]).unwrap_err();
    assert!(refused.contains("--server"), "{refused}");
    let refused = run(&["--contract", "invoices", "--public-url", "ftp://x.example"]).unwrap_err();
    assert!(refused.contains("https://diary.example"), "{refused}");
    assert_eq!(run(&["--contract", "invoices"]).unwrap()["link"], Value::Null);
}

#[tokio::test]
async fn invariant_06_terms_and_names_that_would_forge_what_is_read_are_not_issued() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    for (place, text) in [
        ("title", "Invoices\n\nCollectors: none"),
        ("client", "Fieldhouse\u{1b}[2J"),
        ("worker", "Mara\u{202e}"),
        ("title", &"x".repeat(201)),
    ] {
        let mut hostile = terms("forged", 1, 10);
        hostile[place] = json!(text);
        let refused = server.office.contract(&hostile, CLIENT, WORKER).unwrap_err();
        assert!(refused.contains(place), "{refused}");
        assert_eq!(candor_diary::plain::unseen(refused.trim_end()), None, "{refused}");
    }
    let mut hostile = terms("forged", 1, 10);
    hostile["policy"]["settings"] =
        json!({ "rules": [{ "match": { "title": { "contains": "a\u{200b}" } } }] });
    let refused = server.office.contract(&hostile, CLIENT, WORKER).unwrap_err();
    assert!(refused.contains("policy.settings.rules"), "{refused}");
    for name in ["Mara\u{202e}", "Mara\nOduya", "Mara\u{200b}"] {
        let arguments = ["--role", "worker", "--name", name, "--email", "m@example.org", "--password-stdin"];
        let refused = server.office.run("add-account", &arguments, "a long password").unwrap_err();
        assert!(refused.contains("--name"), "{refused}");
    }
}
