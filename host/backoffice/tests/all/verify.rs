//! `verify` tells of what somebody changed who can write into the database.

use serde_json::Value;
use sqlx::ConnectOptions as _;

use crate::common::{Office, Picture, Server, lock, set_clock, this_week};

/// What `verify` says of the contract: nothing, or what does not agree.
fn differences(office: &Office) -> Option<String> {
    match office.run("verify", &["--contract", "invoices"], "") {
        Ok(checks) => {
            assert_eq!(checks[0]["differences"], Value::Array(Vec::new()));
            None
        }
        Err(said) => Some(said),
    }
}

#[tokio::test]
async fn what_was_changed_behind_the_ledger_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let mut sent = Vec::new();
    for nth in 0..4 {
        let mut parcel = device.parcel_at(this_week(20 + nth), 10, nth + 1);
        if nth == 0 {
            device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, false)).await;
        }
        device.deliver(&parcel).await;
        sent.push(parcel);
    }
    let mut edited = crate::common::revised(&sent[3], 1, 9);
    edited.memo = Some("Other words".to_owned());
    edited.changed = vec![candor_diary::parcel::Field::Memo];
    device.deliver(&edited).await;
    set_clock(&data, lock());
    device.deliver(&device.parcel_at(this_week(30), 10, 10)).await;
    assert_eq!(differences(&server.office), None);
    let kept = server.office.run("verify", &[], "").unwrap();
    assert_eq!(
        (&kept[0]["entries"], &kept[0]["parcels"], &kept[0]["locked-weeks"]),
        (&8.into(), &5.into(), &1.into())
    );

    let copy = |name: &str| {
        let to = folder.path().join(name).join("data");
        std::fs::create_dir_all(&to).unwrap();
        for file in ["backoffice.db", "backoffice.db-wal", "server.key"] {
            if data.join(file).exists() {
                std::fs::copy(data.join(file), to.join(file)).unwrap();
            }
        }
        to
    };
    let rows: Vec<(&str, &'static str, Option<&str>)> = vec![
        ("nothing", "SELECT 1", None),
        ("a detail is purged", "UPDATE details SET body = NULL WHERE kind = 'focus'", None),
        (
            "an entry is erased",
            "UPDATE entries SET body = NULL, salt = NULL WHERE kind = 'terms-issued'",
            None,
        ),
        (
            "more active minutes",
            "UPDATE parcels SET active_bits = 1 WHERE start = (SELECT min(start) FROM parcels)",
            Some("other minutes"),
        ),
        (
            "a parcel is moved",
            "UPDATE parcels SET start = start + 12000000 WHERE start = (SELECT min(start) FROM parcels)",
            Some("another id or time"),
        ),
        (
            "a parcel is gone",
            "DELETE FROM details; DELETE FROM bodies; DELETE FROM parcels",
            Some("cannot be read here"),
        ),
        ("an entry is gone", "DELETE FROM entries WHERE number = 3", Some("entry 3 is missing")),
        ("the last entry is gone", "DELETE FROM entries WHERE number = 8", Some("ends with entry 7")),
        (
            "an entry says more",
            "UPDATE entries SET body = replace(body, '\"length\":10', '\"length\":60') WHERE number = 3",
            Some("the text of entry 3"),
        ),
        ("an entry is older", "UPDATE entries SET at = at - 1 WHERE number = 3", Some("entry 3")),
        (
            "a memo is another",
            "UPDATE details SET body = CAST(replace(CAST(body AS TEXT), 'Invoice', 'invoice') AS BLOB) WHERE kind = 'memo'",
            Some("a detail"),
        ),
        ("a week is not frozen", "DELETE FROM weeks", Some("not in its table")),
        (
            "a receipt is another's",
            "UPDATE bodies SET receipt = (SELECT receipt FROM bodies ORDER BY parcel LIMIT 1)",
            Some("receipt"),
        ),
    ];
    for (nth, (what, statement, expected)) in rows.into_iter().enumerate() {
        let to = copy(&nth.to_string());
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(to.join("backoffice.db")).foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
        let said = differences(&Office::new(&to));
        match expected {
            None => assert_eq!(said, None, "{what}"),
            Some(words) => {
                let said = said.unwrap_or_default();
                assert!(said.contains("does not agree"), "{what}: {said}");
                let told = std::process::Command::new(env!("CARGO_BIN_EXE_candor-backoffice"))
                    .args(["verify", "--data", to.to_str().unwrap()])
                    .output()
                    .unwrap();
                let told = String::from_utf8(told.stdout).unwrap();
                assert!(told.contains(words), "{what}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn a_folder_without_a_back_office_is_not_found_sound_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing) = (folder.path().join("empty"), folder.path().join("missing"));
    std::fs::create_dir(&empty).unwrap();
    for data in [&empty, &missing] {
        let office = Office::new(data);
        for command in [&["verify"][..], &["devices", "list"], &["sessions", "list"]] {
            let said = office.run_words(command, &[], "").unwrap_err();
            assert!(said.contains("no back office is in"), "{command:?}: {said}");
        }
    }
    assert!(std::fs::read_dir(&empty).unwrap().next().is_none(), "a command that only looks made something");
    assert!(!missing.exists());
}
