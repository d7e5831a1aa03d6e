//! How SQLite does what this module asks of it: nothing that a request waits for reads a whole table that grows.

use sqlx::AssertSqlSafe;

use super::OfficeStore;

/// What may be read whole: lists in the statement itself, codes, which go within an hour, and what the operator's commands
/// and the freezing of weeks look through, for which no request waits.
const MAY_BE_SCANNED: [&str; 6] =
    ["json_each", "listed", "codes", "each_contract", "each_device", "each_session"];

/// Returns every statement in the sources of this module that reads or changes rows.
fn statements() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for begin in ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "\"WITH "] {
            for (at, _) in source.match_indices(begin) {
                let statement = source[at + 1..].split('"').next().unwrap();
                found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), statement.to_owned()));
            }
        }
    }
    found
}

async fn plan(store: &OfficeStore, statement: &str) -> Vec<String> {
    let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained)
        .fetch_all(&store.pool)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_that_grows() {
    let folder = tempfile::tempdir().unwrap();
    let store = OfficeStore::open(&folder.path().join("backoffice.db")).await.unwrap();
    let statements: Vec<_> =
        statements().into_iter().filter(|(file, _)| file != "plans.rs" && file != "migrations.rs").collect();
    assert!(statements.len() > 40, "the sources were not read: {}", statements.len());
    for (file, statement) in statements {
        let steps = plan(&store, &statement).await;
        for step in &steps {
            let whole = step.strip_prefix("SCAN ").map(|of| of.split(' ').next().unwrap_or(of));
            let small = |of: &str| MAY_BE_SCANNED.contains(&of) || of == "CONSTANT";
            assert!(whole.is_none_or(small), "{file}: {statement}\n{steps:#?}");
        }
        if statement.contains("tracked_bits") && statement.starts_with("SELECT") {
            let covered = steps.iter().any(|step| step.contains("USING COVERING INDEX parcels_by_time"));
            assert!(covered, "billing reads rows, not the index alone: {statement}\n{steps:#?}");
        }
        if statement.contains("q.picture = p.picture") {
            let by_picture = "parcels_by_picture (contract=? AND picture=?";
            let one = "parcels_by_time (contract=? AND start=?";
            let searched = |who: &str, by: &str| steps.iter().any(|s| s.starts_with(who) && s.contains(by));
            let found = searched("SEARCH p ", one) && searched("SEARCH q ", by_picture);
            assert!(found, "all earlier segments are read for one picture: {statement}\n{steps:#?}");
        }
    }
}
