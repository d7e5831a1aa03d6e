//! What the worker should look at. Much of it comes from plugins and servers, as often and as long as they like: here
//! it is bounded, so that it neither fills the log nor wakes everybody who shows something (invariant 13).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor_diary::plain;
use parking_lot::Mutex;
use tokio::sync::watch;

/// The longest text, in characters.
const LONGEST: usize = 500;
/// How many problems are kept: more than there are parts and plugins.
const MOST: usize = 64;
/// How often a problem whose text changes is logged and announced at most.
const PAUSE: Duration = Duration::from_secs(1);

struct Problem {
    /// The problem's text; none if it is over.
    text: Option<String>,
    announced: Instant,
    /// Whether it changed since it was announced; then it is announced when the pause is over.
    announcement_due: bool,
}

/// The problems of one session, by what they are about.
pub(crate) struct Problems {
    all: Arc<Mutex<BTreeMap<String, Problem>>>,
    revision: Arc<watch::Sender<u64>>,
}

impl Problems {
    /// Creates an empty list. `revision` counts up to wake those who show something.
    pub(crate) fn new(revision: Arc<watch::Sender<u64>>) -> Self {
        Self { all: Arc::default(), revision }
    }

    /// Notes a problem under a name; none clears it. Returns whether to announce it at once: what changes sooner than a
    /// second after it was announced is announced then, the latest only.
    pub(crate) fn note(&self, name: &str, text: Option<String>) -> bool {
        let text = text.map(|text| plain::cut(&plain::visible(&plain::cut(&text, LONGEST)), LONGEST));
        let mut all = self.all.lock();
        let now = Instant::now();
        let Some(problem) = all.get_mut(name) else {
            let Some(text) = text else { return false };
            if all.len() >= MOST {
                all.retain(|_, problem| problem.text.is_some());
            }
            if all.len() >= MOST {
                return false;
            }
            tracing::warn!(name, "{text}");
            all.insert(
                name.to_owned(),
                Problem { text: Some(text), announced: now, announcement_due: false },
            );
            return true;
        };
        if problem.text == text {
            return false;
        }
        problem.text = text;
        let since = now.duration_since(problem.announced);
        if since >= PAUSE {
            problem.announced = now;
            if let Some(text) = &problem.text {
                tracing::warn!(name, "{text}");
            }
            return true;
        }
        if !problem.announcement_due
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            problem.announcement_due = true;
            let (all, revision, name) = (Arc::clone(&self.all), Arc::clone(&self.revision), name.to_owned());
            runtime.spawn(async move {
                tokio::time::sleep(PAUSE.saturating_sub(since)).await;
                if let Some(problem) = all.lock().get_mut(&name) {
                    (problem.announcement_due, problem.announced) = (false, Instant::now());
                }
                revision.send_modify(|revision| *revision += 1);
            });
        }
        false
    }

    /// Returns all that are not over, by name.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let all = self.all.lock();
        all.iter().filter_map(|(name, problem)| Some((name.clone(), problem.text.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems() -> (Problems, watch::Receiver<u64>) {
        let (sender, revision) = watch::channel(1);
        (Problems::new(Arc::new(sender)), revision)
    }

    #[tokio::test]
    async fn invariant_13_a_problem_whose_text_changes_without_end_is_told_once_a_second_and_the_latest_last()
    {
        let (problems, mut revision) = problems();
        let began = Instant::now();
        let announced = (0..10_000).filter(|n| problems.note("peeker", Some(format!("error {n}")))).count();
        let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
        assert!(announced <= 1 + seconds, "{announced} in {seconds} s");
        assert_eq!(problems.all(), [("peeker".to_owned(), "error 9999".to_owned())]);
        // What was not announced yet is announced by itself.
        tokio::time::timeout(Duration::from_secs(30), revision.changed()).await.unwrap().unwrap();
        // Coming and going counts as changing.
        let announced =
            (0..10_000).filter(|n| problems.note("peeker", (n % 2 == 0).then(|| "x".into()))).count();
        assert!(announced <= 1 + usize::try_from(began.elapsed().as_secs()).unwrap(), "{announced}");
        assert!(problems.all().is_empty());
    }

    #[test]
    fn invariant_13_problems_are_bounded_in_length_and_number_and_everything_in_them_is_visible() {
        let (problems, _revision) = problems();
        assert!(problems.note("outbox", Some(format!("{}\n\u{1b}[2J", "x".repeat(5_000_000)))));
        for n in 0..1_000 {
            problems.note(&format!("plugin-{n}"), Some("a\nLook at: nothing\u{1b}[A\u{202e}".into()));
        }
        let all = problems.all();
        assert_eq!(all.len(), MOST);
        for (_, text) in &all {
            assert!(text.chars().count() <= LONGEST + 1 && plain::unseen(text).is_none(), "{text}");
        }
    }

    #[test]
    fn one_that_stays_the_same_is_told_once_and_its_end_is_told() {
        let (problems, _revision) = problems();
        assert!(problems.note("disk", Some("full".into())));
        assert!(!problems.note("disk", Some("full".into())));
        std::thread::sleep(PAUSE);
        assert!(problems.note("disk", None));
        assert!(!problems.note("disk", None) && problems.all().is_empty());
    }
}
