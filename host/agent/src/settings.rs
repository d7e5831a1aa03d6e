//! What the worker set: preferences, own rules, and where they were in each contract when the agent ended.

use std::path::{Path, PathBuf};

use candor_diary::terms::{Mode, Terms};
use candor_protocol::{OwnRule, OwnRuleAction, OwnRuleComparison, OwnRuleField, Preferences, exec_argument};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::folder::{DataFolderError, Folder};
use crate::segments::state::Choices;

/// How many memos are remembered.
const RECENT: usize = 10;
/// Most own rules: the policy `rules` takes 255.
const MAX_OWN: usize = 200;

/// Why settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is out of bounds, or not one of those offered; a sentence that says what may stand there.
    #[error("{0}")]
    Value(String),
    /// The data folder could not be read or written.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The desktop's entry for the start at login could not be changed.
    #[error("{} {what}: {why}", .path.display())]
    Autostart {
        /// The path of the entry's file.
        path: PathBuf,
        /// What could not be done with it, after its path in the sentence.
        what: &'static str,
        /// What the operating system says.
        why: std::io::Error,
    },
    /// The place of this program or of its data is unknown.
    #[error("{0}: {1}")]
    Unknown(&'static str, std::io::Error),
    /// A path cannot stand in a desktop entry.
    #[error(transparent)]
    Path(#[from] candor_protocol::NoExecArgument),
}

type Result<T, E = SettingsError> = std::result::Result<T, E>;

/// Returns `Ok` if `holds`, else the sentence as an error.
fn require(holds: bool, sentence: impl Into<String>) -> Result<()> {
    if holds { Ok(()) } else { Err(SettingsError::Value(sentence.into())) }
}

/// What is remembered of the whole device from one start of the agent to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Remembered {
    /// The contract that was current, by its id on this device; none if there was none.
    pub contract: Option<String>,
    /// Written before memos belonged to their contract: that of the contract that was current.
    #[serde(flatten, skip_serializing)]
    before: Work,
}

impl Remembered {
    /// Reads it; a file that cannot be read is nothing remembered.
    #[must_use]
    pub fn load(folder: &Folder) -> Self {
        folder.read_json("state.json").ok().flatten().unwrap_or_default()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, folder: &Folder) -> Result<()> {
        Ok(folder.write_json("state.json", self)?)
    }

    /// What was remembered before memos belonged to their contract; nothing the second time.
    pub fn take_before(&mut self) -> Option<Work> {
        let before = std::mem::take(&mut self.before);
        (before != Work::default()).then_some(before)
    }
}

/// What the worker works on in one session. What is done for one client is no business of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Work {
    /// What is worked on, in the worker's words; none if nothing was said.
    pub memo: Option<String>,
    /// The client's activity label that was chosen; none if none was.
    pub label: Option<String>,
    /// The last memos, the latest first.
    pub recent_memos: Vec<String>,
}

impl Work {
    /// Reads it from the session's folder; a file that cannot be read is nothing remembered.
    #[must_use]
    pub fn load(session: &Folder) -> Self {
        session.read_json("state.json").ok().flatten().unwrap_or_default()
    }

    /// Keeps it in the session's folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, session: &Folder) -> Result<()> {
        Ok(session.write_json("state.json", self)?)
    }

    /// A memo was set.
    pub fn memo(&mut self, memo: &str) {
        let memo = memo.trim();
        self.memo = (!memo.is_empty()).then(|| memo.to_owned());
        if !memo.is_empty() {
            self.recent_memos.retain(|m| m != memo);
            self.recent_memos.insert(0, memo.to_owned());
            self.recent_memos.truncate(RECENT);
        }
    }
}

/// Reads the preferences.
///
/// # Errors
/// If the file is malformed.
pub fn preferences(folder: &Folder) -> Result<Preferences> {
    Ok(folder.read_json("preferences.json")?.unwrap_or_default())
}

/// Checks and keeps the preferences.
///
/// # Errors
/// A value out of bounds, or a file that cannot be written.
pub fn keep_preferences(folder: &Folder, preferences: &Preferences) -> Result<()> {
    require((1..=60).contains(&preferences.idle_minutes), "idle minutes are 1 to 60")?;
    require(
        preferences.memo_reminder_minutes <= 24 * 60,
        "memo-reminder-minutes is 0 to 1440; 0 turns it off",
    )?;
    require(preferences.disk_limit >= 64 << 20, "disk-limit is 64 MB at least, in bytes: 67108864")?;
    start_at_login(autostart().as_deref(), &folder.path("."), preferences.start_at_login)?;
    Ok(folder.write_json("preferences.json", preferences)?)
}

/// What the preferences come to under these terms: those of a monitoring contract are not the worker's to choose.
#[must_use]
pub fn choices(preferences: &Preferences, terms: &Terms, disk_used_up: bool) -> Choices {
    let own = terms.mode == Mode::Worklog;
    Choices {
        no_pictures: terms.worker_chooses.pictures && !preferences.pictures,
        no_activity: terms.worker_chooses.activity && !preferences.activity,
        active_monitor_only: own && preferences.active_monitor_only,
        disk_used_up,
        idle_ms: u64::from(preferences.idle_minutes) * 60_000,
    }
}

/// Where desktops look for what is started at login.
fn autostart() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .map(|config| config.join("autostart"))
}

/// Writes or removes the desktop's entry that starts the tray (and with it the agent of this data folder) at login.
fn start_at_login(autostart: Option<&Path>, data: &Path, on: bool) -> Result<()> {
    let Some(autostart) = autostart else {
        return require(!on, "there is no home folder to start from at login");
    };
    let program = std::env::current_exe()
        .map_err(|why| SettingsError::Unknown("this program's place is unknown", why))?
        .with_file_name("candor");
    let data = std::path::absolute(data)
        .map_err(|why| SettingsError::Unknown("the data folder's place is unknown", why))?;
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=Candor\nComment=Honest time tracker\nExec={} --data {} tray\n",
        exec_argument(&program)?,
        exec_argument(&data)?
    );
    let path = autostart.join("candor.desktop");
    if !on {
        // Another one's, such as that of another data folder, stays.
        let data = exec_argument(&data)?;
        let ours = std::fs::read_to_string(&path).is_ok_and(|found| found.contains(&data));
        let removed = if ours { std::fs::remove_file(&path) } else { Ok(()) };
        return removed.map_err(|why| SettingsError::Autostart { path, what: "could not be removed", why });
    }
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(autostart)?;
        std::fs::write(&path, entry)
    };
    write().map_err(|why| SettingsError::Autostart { path: path.clone(), what: "could not be written", why })
}

/// The worker's own rules, settings of the policy `rules`, as they are shown.
#[must_use]
pub fn listed(settings: &Value) -> Vec<OwnRule> {
    let rules = settings["rules"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    // Rules that were written by hand may be richer than what is shown: they stay in force, shown as they are.
    rules.iter().filter_map(shown).collect()
}

fn shown(rule: &Value) -> Option<OwnRule> {
    let (field, how) = rule["match"].as_object()?.iter().next()?;
    let (by, pattern) = how.as_object()?.iter().next()?;
    Some(OwnRule {
        field: field.as_str().into(),
        by: by.as_str().into(),
        pattern: pattern.as_str()?.to_owned(),
        action: rule["then"].as_str()?.into(),
    })
}

/// Own rules as settings of the policy `rules`; none where there are none.
///
/// # Errors
/// A word that is not one of those offered, or too many rules.
pub fn own_settings(rules: &[OwnRule]) -> Result<Option<Value>> {
    require(rules.len() <= MAX_OWN, format!("you can have at most {MAX_OWN} rules of your own"))?;
    let mut all = Vec::with_capacity(rules.len());
    for rule in rules {
        let one_of = |what: &str, value: &str, offered: &[&str]| {
            require(
                offered.contains(&value),
                format!("{what} is one of {}, not {value:?}", offered.join(", ")),
            )
        };
        one_of("what a rule looks at", rule.field.as_str(), OwnRuleField::OFFERED)?;
        one_of("how a rule compares", rule.by.as_str(), OwnRuleComparison::OFFERED)?;
        one_of("what a rule does", rule.action.as_str(), OwnRuleAction::OFFERED)?;
        require(!rule.pattern.trim().is_empty(), "a rule needs a text to look for")?;
        all.push(
            json!({"match": {rule.field.as_str(): {rule.by.as_str(): &rule.pattern}}, "then": rule.action}),
        );
    }
    Ok((!all.is_empty()).then(|| json!({ "rules": all })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rules_come_back_as_they_were_set() {
        let rule = OwnRule {
            field: "title".into(),
            by: "contains".into(),
            pattern: "bank".into(),
            action: "fill".into(),
        };
        let settings = own_settings(std::slice::from_ref(&rule)).unwrap();
        assert_eq!(listed(&settings.unwrap()), std::slice::from_ref(&rule));
        assert_eq!(own_settings(&[]).unwrap(), None);
        let wrong = OwnRule { action: "show".into(), ..rule };
        assert!(own_settings(&[wrong]).unwrap_err().to_string().contains("fill"));
    }

    #[test]
    fn the_entry_for_the_login_is_written_and_removed_and_only_ours() {
        let home = tempfile::tempdir().unwrap();
        let (autostart, data) = (home.path().join("autostart"), home.path().join("100 % `mine` $x"));
        let entry = autostart.join("candor.desktop");
        start_at_login(Some(&autostart), &data, true).unwrap();
        let text = std::fs::read_to_string(&entry).unwrap();
        let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
        assert!(exec.ends_with(r#"/100 %% \\`mine\\` \\$x" tray"#), "{exec}");
        start_at_login(Some(&autostart), &home.path().join("other"), false).unwrap();
        assert!(entry.exists(), "that of another data folder stays");
        start_at_login(Some(&autostart), &data, false).unwrap();
        assert!(!entry.exists());
        start_at_login(Some(&autostart), &data, false).unwrap();
        start_at_login(None, &data, false).unwrap();
        assert!(start_at_login(None, &data, true).unwrap_err().to_string().contains("home"));
    }

    #[test]
    fn memos_are_remembered_once_and_in_order() {
        let mut work = Work::default();
        for memo in ["a", "b", " a ", ""] {
            work.memo(memo);
        }
        assert_eq!((work.memo, work.recent_memos), (None, vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn memos_from_before_they_belonged_to_a_contract_are_handed_on_once() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let old =
            r#"{"contract":"invoices","memo":"For A","label":"Backend","recent-memos":["For A","Older"]}"#;
        folder.write("state.json", old.as_bytes()).unwrap();
        let mut remembered = Remembered::load(&folder);
        let work = remembered.take_before().unwrap();
        assert_eq!((work.memo.as_deref(), work.label.as_deref()), (Some("For A"), Some("Backend")));
        assert_eq!(work.recent_memos, ["For A", "Older"]);
        assert_eq!(remembered.take_before(), None);
        remembered.keep(&folder).unwrap();
        let mut kept = Remembered::load(&folder);
        assert_eq!((kept.take_before(), kept.contract.as_deref()), (None, Some("invoices")));
    }
}
