//! What people see, and who may see it.

use crate::common::{CLIENT, MIDNIGHT, PASSWORD, Picture, Server, WORKER, terms, this_week};
use candor_backoffice::store::OfficeStore;
use candor_diary::parcel::{Custom, Gap, GapCause, NoSnapshot};
use candor_diary::segment::MINUTE_MS;

const DAY: &str = "/contracts/invoices/diary/2026-11-27";

#[tokio::test]
async fn pages_and_pictures_are_for_the_two_sides_of_their_contract() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    server.office.account("client", "Halden & Co", "ola@halden.example", "UTC");
    server.office.account("worker", "Ivo Roth", "ivo@roth.example", "UTC");
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel(55);
    let picture = Picture::draw(96, 54, 1, true);
    device.add_picture(&mut parcel, &picture).await;
    let waiting = format!("/pictures/{}/{}", parcel.id, parcel.snapshot.as_ref().unwrap().sha256);
    let client = server.sign_in(CLIENT).await;
    assert_eq!(server.get(&waiting, Some(&client)).await.status(), 404, "no picture before its parcel");
    device.deliver(&parcel).await;

    let (worker, other_client, other_worker) = (
        server.sign_in(WORKER).await,
        server.sign_in("ola@halden.example").await,
        server.sign_in("ivo@roth.example").await,
    );
    let stale = format!("candor={}", "0".repeat(64));
    let receipt = format!("/receipts/{}", parcel.id);
    // Address; for the client, the worker, another client, another worker, nobody, an unknown cookie.
    let table: [(&str, [u16; 6]); 10] = [
        ("/", [200, 200, 200, 200, 303, 303]),
        (DAY, [200, 200, 404, 404, 303, 303]),
        ("/contracts/invoices/diary", [303, 303, 404, 404, 303, 303]),
        ("/contracts/invoices/recorded", [200, 200, 404, 404, 303, 303]),
        ("/contracts/nothing/recorded", [404, 404, 404, 404, 303, 303]),
        (&waiting, [200, 200, 404, 404, 404, 404]),
        (&receipt, [200, 200, 404, 404, 404, 404]),
        (&format!("/pictures/{}/{}", parcel.id, "0".repeat(64)), [404; 6]),
        (&format!("/pictures/{}/..%2f..%2fserver.key", parcel.id), [404; 6]),
        ("/assets/candor.css", [200; 6]),
    ];
    for (path, expected) in table {
        let cookies =
            [Some(&client), Some(&worker), Some(&other_client), Some(&other_worker), None, Some(&stale)];
        let mut seen = Vec::new();
        for cookie in cookies {
            seen.push(server.get(path, cookie.map(String::as_str)).await.status().as_u16());
        }
        assert_eq!(seen, expected, "{path}");
    }

    let answer = server.get(&waiting, Some(&worker)).await;
    assert_eq!(answer.headers()["content-type"], "image/webp");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert!(answer.headers()["cache-control"].to_str().unwrap().starts_with("private"));
    assert_eq!(answer.bytes().await.unwrap(), picture.bytes);

    // Who was sent to sign in comes back to the page.
    let sent = server.get(&format!("{DAY}?zone=utc"), None).await;
    assert_eq!(
        sent.headers()["location"],
        "/sign-in?next=%2Fcontracts%2Finvoices%2Fdiary%2F2026-11-27%3Fzone%3Dutc"
    );
}

#[tokio::test]
async fn nothing_that_a_worker_or_a_window_says_becomes_markup() {
    const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;";
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut evil = crate::common::terms("invoices", 2, 10);
    evil["labels"] = serde_json::json!([EVIL]);
    server.office.contract(&evil, CLIENT, WORKER).unwrap();
    let device = device.under(&evil);
    let mut parcel = device.parcel(55);
    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, true)).await;
    parcel.memo = Some(EVIL.to_owned());
    parcel.label = Some(EVIL.to_owned());
    parcel.focus[0].app = Some(EVIL.to_owned());
    parcel.focus[0].title = Some(EVIL.to_owned());
    parcel.focus[0].url = Some(format!("javascript:{EVIL}"));
    parcel.focus.push(parcel.focus[0].clone());
    parcel.policy.rules = vec![EVIL.to_owned(), EVIL.to_owned()];
    parcel.custom =
        vec![Custom { at: parcel.start, plugin: "windows".into(), kind: "note".into(), body: EVIL.into() }];
    device.deliver(&parcel).await;
    let cookie = server.sign_in(CLIENT).await;
    for path in [DAY, "/contracts/invoices/recorded"] {
        let page = server.page(path, &cookie).await;
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&gt;&lt;img"),
            "{path}: it is shown"
        );
        assert!(!page.contains("<script"), "{path}");
        assert!(!page.contains("<img src=x"), "{path}");
        assert!(!page.contains(" style="), "{path}: no inline style");
        assert!(!page.contains("href=\"javascript:"), "{path}");
    }
}

#[tokio::test]
async fn every_page_says_what_a_browser_may_do_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let cookie = server.sign_in(WORKER).await;
    for path in ["/", DAY, "/contracts/invoices/recorded", "/nothing", "/contracts/nothing"] {
        let answer = server.get(path, Some(&cookie)).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'; img-src 'self' data:")
                && policy.contains("frame-ancestors 'none'")
        );
        assert!(!policy.contains("unsafe"));
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn only_the_right_password_opens_and_guessing_is_slow() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let sign_in = |email: &'static str, password: &'static str| {
        let server = &server;
        async move {
            let (cookie, token) = server.sign_in_form(&[]).await;
            let fields = [
                ("email", email),
                ("password", password),
                ("next", "/contracts/invoices/diary"),
                ("form-token", token.as_str()),
            ];
            server.post_form("/sign-in", &fields, &[("cookie", &cookie)]).await
        }
    };
    let answer = sign_in(WORKER, PASSWORD).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/contracts/invoices/diary");
    assert_eq!(sign_in("MARA@oduya.example", PASSWORD).await.status(), 303, "case does not count");

    let answer = sign_in(WORKER, "wrong password").await;
    assert_eq!(answer.status(), 401);
    assert!(!answer.headers().contains_key("set-cookie"));
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("role=\"alert\"") && page.contains("value=\"mara@oduya.example\""),
        "what was typed stays"
    );
    let unknown = sign_in("nobody@example.org", "wrong password").await.text().await.unwrap();
    assert!(unknown.contains("The email address or the password is not right."), "the same words");

    for _ in 0..4 {
        assert_eq!(sign_in(WORKER, "wrong password").await.status(), 401);
    }
    let answer = sign_in(WORKER, PASSWORD).await;
    assert_eq!(answer.status(), 429, "even the right one waits");
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(sign_in(CLIENT, PASSWORD).await.status(), 303, "others do not");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let own = server.url.clone();
    let (form, token) = server.sign_in_form(&[]).await;
    let (_, strange) = server.sign_in_form(&[]).await;
    let sign_in = async |cookie: &str, token: &str, headers: &[(&str, &str)]| {
        let fields = [("email", WORKER), ("password", PASSWORD), ("form-token", token)];
        let mut all = vec![("cookie", cookie)];
        all.extend(headers);
        server.post_form("/sign-in", &fields, &all).await.status().as_u16()
    };
    for (headers, status) in [
        (vec![("origin", "https://evil.example")], 403),
        (vec![("origin", "null")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site"), ("origin", own.as_str())], 403),
        (vec![("origin", own.as_str())], 303),
        (vec![("sec-fetch-site", "same-origin"), ("origin", "null")], 303),
        (vec![], 303),
    ] {
        assert_eq!(sign_in(&form, &token, &headers).await, status, "{headers:?}");
    }
    // The right headers, but not the token that goes with the cookie: that of nobody, of another browser, of the
    // session instead of the page; the cookie itself; or no cookie at all.
    let session = server.sign_in(WORKER).await;
    let home = server.page("/", &session).await;
    let (session_value, form_value) = (session.split_once('=').unwrap().1, form.split_once('=').unwrap().1);
    for (cookie, token) in [
        (form.as_str(), ""),
        (form.as_str(), strange.as_str()),
        (form.as_str(), &crate::common::form_token(&home)),
        (form.as_str(), form_value),
        (form.as_str(), &token[..32]),
        ("", token.as_str()),
        ("candor-form=", token.as_str()),
        (session.as_str(), &crate::common::form_token(&home)),
    ] {
        assert_eq!(sign_in(cookie, token, &[("origin", &own)]).await, 403, "{cookie} {token}");
    }

    let out = async |token: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("cookie", session.as_str())];
        all.extend(headers);
        server.post_form("/sign-out", &[("form-token", token)], &all).await.status().as_u16()
    };
    let token = crate::common::form_token(&home);
    assert_ne!(token, session_value);
    assert_eq!(out(&token, &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(out(&token, &[("sec-fetch-site", "cross-site"), ("origin", "null")]).await, 403);
    assert_eq!(out(&token, &[("origin", "null")]).await, 403);
    for wrong in ["", &strange, session_value, &"0".repeat(64)] {
        assert_eq!(out(wrong, &[("origin", &own)]).await, 403, "{wrong}");
    }
    assert_eq!(server.get("/", Some(&session)).await.status(), 200, "still signed in");
    assert_eq!(out(&token, &[("origin", &own)]).await, 303);
    assert_eq!(
        server.get("/", Some(&session)).await.status(),
        303,
        "the session is over, not only its cookie"
    );
}

#[tokio::test]
async fn a_day_shows_its_cells_figures_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel(43); // 07:10 UTC, 09:10 in Helsinki
    parcel.no_sign = true;
    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, true)).await;
    device.deliver(&parcel).await;
    let mut parcel = device.parcel(44);
    parcel.no_snapshot = Some(NoSnapshot::SkippedByRule { rules: vec![0] });
    device.deliver(&parcel).await;
    let mut parcel = device.parcel(45);
    parcel.minutes.clear();
    parcel.no_snapshot = None;
    parcel.gaps = vec![Gap { from: parcel.start, to: parcel.start + 10 * MINUTE_MS, cause: GapCause::Crash }];
    device.deliver(&parcel).await;
    let mut parcel = device.parcel(46);
    for minute in &mut parcel.minutes {
        *minute = candor_diary::parcel::MinuteFacts::new(minute.start, 60_000, Some(Default::default()));
    }
    device.deliver(&parcel).await;

    let cookie = server.sign_in(WORKER).await;
    let page = server.page(&format!("{DAY}?segment=2026-11-27T07:10Z"), &cookie).await;
    for text in [
        "Fri 27 Nov",
        "Helsinki time, UTC+2.",
        "9 hours without time",
        "14 hours without time",
        "of 0:30 recorded",
        "0:10 more not billable",
        // In a bar too narrow for the words a sign says it.
        "<use href=\"#i-unbilled\"></use></svg><span class=\"words\">not billable</span>",
        "<h2 id=\"detail-h\">09:10 – 09:20</h2>",
        // Invariant 6: both sides read it.
        "Recorded without a tray icon",
        "1 window redacted before saving",
        "No picture: skipped by rule",
        "No evidence",
        "Activity in 10 of 10 minutes",
        "Title contains &quot;secret&quot;: solid block",
        "countersigned",
        "You and Fieldhouse Supply see this same page.",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let page = server.page(&format!("{DAY}?zone=theirs&segment=2026-11-27T07:30Z"), &cookie).await;
    assert!(page.contains("Berlin time, UTC+1.") && page.contains("08:30 – 08:40"));
    assert!(page.contains("the tracker ended unexpectedly"));
    let page = server.page(&format!("{DAY}?zone=utc&segment=none"), &cookie).await;
    assert!(page.contains("split alone") && !page.contains("detail-h"));

    let page = server.page("/contracts/invoices/diary/2026-11-28", &cookie).await;
    assert!(page.contains("No time on Sat 28 Nov"));
    for bad in ["2026-13-01", "2026-1-1", "today", "1900-01-01"] {
        assert_eq!(
            server.get(&format!("/contracts/invoices/diary/{bad}"), Some(&cookie)).await.status(),
            404,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_page_of_monitoring_promises_no_start_that_nobody_makes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let mut terms = crate::common::terms("desk", 1, 10);
    terms["mode"] = "monitoring".into();
    server.office.contract(&terms, CLIENT, WORKER).unwrap();
    for email in [CLIENT, WORKER] {
        let cookie = server.sign_in(email).await;
        let page = server.page("/contracts/desk/recorded", &cookie).await;
        assert!(page.contains("The settings of Fieldhouse Supply decide what is recorded."));
        assert!(!page.contains("at sign-in"), "nothing starts by itself");
    }
}

#[tokio::test]
async fn invariant_06_pages_speak_of_the_terms_that_trackers_record_under_and_not_of_newer_ones_that_were_issued()
 {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut newer = crate::common::terms("invoices", 2, 10);
    let collectors = newer["collectors"].as_array_mut().unwrap();
    collectors.retain(|c| c["plugin"] != "screenshots");
    server.office.contract(&newer, CLIENT, WORKER).unwrap();
    device.deliver(&device.parcel(0)).await;
    let cookie = server.sign_in(WORKER).await;
    let recorded = async || server.page("/contracts/invoices/recorded", &cookie).await;
    let page = recorded().await;
    for text in ["One picture of all monitors", "Terms 1", "Terms 2 are issued, not yet in force on thinkpad"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("No pictures. The screen is not captured."));
    let day =
        server.page("/contracts/invoices/diary/2026-11-27?zone=utc&segment=2026-11-27T00:00Z", &cookie).await;
    assert!(
        day.contains("Terms 1") && !day.contains("Terms 2"),
        "a parcel is stamped with the terms that it was made under"
    );

    // Enrolled again, the tracker has the newer ones.
    let code = server.office.code("invoices");
    let key = candor_seal::SecretKey::from_bytes(&device.key);
    let again = crate::common::Device::enrol(&server.http, &server.url, &code, key).await;
    let page = recorded().await;
    assert!(page.contains("No pictures. The screen is not captured.") && !page.contains("not yet in force"));
    // Another tracker that has only the older ones is told apart. None has been seen to go back.
    let mut old = again.parcel(1);
    old.terms = device.terms.clone();
    again.deliver(&old).await;
    assert!(!recorded().await.contains("not yet in force"));
}

#[tokio::test]
async fn days_at_the_edge_of_a_zone_hold_their_own_segments() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    // 22:00 UTC is midnight in Helsinki: the first segment of the 28th there, of the 27th in UTC.
    device.deliver(&device.parcel_at(MIDNIGHT + 22 * 60 * MINUTE_MS, 10, 1)).await;
    let cookie = server.sign_in(WORKER).await;
    let cells = async |path: &str| server.page(path, &cookie).await.matches("<li class=\"seg\"").count();
    assert_eq!(cells("/contracts/invoices/diary/2026-11-27?zone=utc").await, 1);
    assert_eq!(cells("/contracts/invoices/diary/2026-11-27?zone=mine").await, 0);
    assert_eq!(cells("/contracts/invoices/diary/2026-11-28?zone=mine").await, 1);
}

#[tokio::test]
async fn short_segments_fill_rows_and_every_one_of_them_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    server.office.contract(&crate::common::terms("demo", 1, 1), CLIENT, WORKER).unwrap();
    let device = server.enrol("demo").await;
    for nth in 0..25 {
        device.deliver(&device.parcel_at(MIDNIGHT + nth * MINUTE_MS, 1, nth + 1)).await;
    }
    let cookie = server.sign_in(WORKER).await;
    let page = server.page("/contracts/demo/diary/2026-11-27?zone=utc", &cookie).await;
    assert_eq!(page.matches("<li class=\"seg\"").count(), 25);
    assert!(page.contains("data-columns=\"10\"") && page.contains("data-continued"));
    assert!(page.contains("of 0:25 recorded"));
}

#[tokio::test]
async fn without_contracts_and_without_time_pages_say_what_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    server.office.account("worker", "Ivo Roth", "ivo@roth.example", "UTC");
    let cookie = server.sign_in("ivo@roth.example").await;
    assert!(server.page("/", &cookie).await.contains("No contracts"));
    let cookie = server.sign_in(WORKER).await;
    let page = server.page("/", &cookie).await;
    assert!(page.contains("Invoice service") && page.contains("No segment received yet"));
    let page = server.page("/contracts/invoices/recorded", &cookie).await;
    for text in [
        "What is recorded",
        "Fieldhouse Supply and you will see",
        "Never which key, never where.",
        "One picture of all monitors, at half size, at a random moment of every 10 minutes tracked.",
        "The rules show here in words with the first segment.",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[tokio::test]
async fn many_contracts_stand_on_several_pages_and_each_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let store = OfficeStore::open(&data.join("backoffice.db")).await.unwrap();
    let client = store.account_by_email(CLIENT).await.unwrap().unwrap();
    let worker = store.account_by_email(WORKER).await.unwrap().unwrap();
    for nth in 0..59 {
        let mut terms = terms(&format!("contract-{nth:02}"), 1, 10);
        terms["title"] = format!("Work {nth:02}").into();
        store.issue_terms(&serde_json::from_value(terms).unwrap(), &client, &worker).await.unwrap();
    }
    // A title that changed is listed in its new place.
    let mut renamed = terms("contract-00", 2, 10);
    renamed["title"] = "Work 99".into();
    store.issue_terms(&serde_json::from_value(renamed).unwrap(), &client, &worker).await.unwrap();
    let device = server.enrol("contract-58").await;
    device.deliver(&device.parcel_at(this_week(0), 10, 1)).await;

    for email in [CLIENT, WORKER] {
        let cookie = server.sign_in(email).await;
        let (first, second) = (server.page("/", &cookie).await, server.page("/?page=2", &cookie).await);
        let listed = |page: &str| page.matches("billable this week").count();
        assert_eq!((listed(&first), listed(&second)), (50, 10));
        assert!(first.contains("<b>Invoice service</b>") && first.contains("<b>Work 49</b>"));
        assert!(second.contains("<b>Work 50</b>") && second.contains("<b>Work 99</b>"));
        assert!(!first.contains("Work 99") && !second.contains("<b>Work 00</b>"));
        assert!(first.contains("More contracts") && !first.contains("Previous contracts"));
        assert!(second.contains("Previous contracts") && !second.contains("More contracts"));
        assert!(!first.contains("Last segment received") && second.contains("Last segment received"));
        assert_eq!(second.matches(">0:10").count(), 1, "what was tracked stands at its contract");
        for page in ["/?page=3", "/?page=4294967295"] {
            assert_eq!(server.get(page, Some(&cookie)).await.status(), 404);
        }
        let opened = server.page("/contracts/contract-58/recorded", &cookie).await;
        assert!(opened.contains("Work 58") && opened.contains("All contracts"));
    }
}
