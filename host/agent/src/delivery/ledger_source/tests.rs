use std::sync::atomic::{AtomicUsize, Ordering};

use candor_diary::ledger::Entry;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::*;
use crate::delivery::ledger_copy::example::Book;

struct Token;

impl Secrets for Token {
    fn secret(&self, name: &str, _: &str) -> Option<Zeroizing<String>> {
        (name == "device-token").then(|| Zeroizing::new("t0ken".to_owned()))
    }
}

/// What a back office answers to `after`: content type and body.
type Answer = Box<dyn Fn(u64) -> (&'static str, Vec<u8>) + Send>;

/// A small HTTP server, and a source that asks it.
struct Office {
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    source: LedgerSource,
    folder: tempfile::TempDir,
    book: Book,
}

fn of_book(book: &Book, page: usize) -> Answer {
    let book = book.clone();
    Box::new(move |after| ("application/json", serde_json::to_vec(&book.answer(after, page)).unwrap()))
}

impl Office {
    async fn start(entries: u64, page: usize) -> Self {
        let _set = rustls::crypto::ring::default_provider().install_default();
        let book = Book::of("work", entries);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(of_book(&book, page)));
        let asked = Arc::new(AtomicUsize::new(0));
        let (answers, count) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (answers, count) = (Arc::clone(&answers), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        request.push(byte);
                    }
                    let request = String::from_utf8(request).unwrap();
                    assert!(request.to_lowercase().contains("authorization: bearer t0ken"), "{request}");
                    let after = request.split(' ').nth(1).unwrap().strip_prefix("/api/v1/ledger?after=");
                    count.fetch_add(1, Ordering::SeqCst);
                    let (media, body) = (answers.lock())(after.unwrap().parse().unwrap());
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let copy = Arc::new(LedgerCopy::open(folder.path(), &book.key.public(), "work"));
        let grants = vec![HttpGrant { origin: server.clone(), private: true }];
        let source = LedgerSource { server, grants, secrets: Arc::new(Token), copy };
        Self { answer, asked, source, folder, book }
    }

    fn answer_with(&self, answer: Answer) {
        *self.answer.lock() = answer;
    }

    fn copy(&self) -> &LedgerCopy {
        &self.source.copy
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("ledger.jsonl")).unwrap()
    }
}

#[tokio::test]
async fn a_round_asks_page_by_page_and_the_next_one_goes_on_where_it_ended() {
    let office = Office::start(45, 2).await;
    office.source.follow().await;
    assert_eq!(office.asked.load(Ordering::SeqCst), ROUND_PAGES);
    assert_eq!((office.copy().end().number, office.copy().confirmed()), (2 * ROUND_PAGES as u64, 0));
    office.source.follow().await;
    assert_eq!(office.copy().end(), office.book.head());
    assert_eq!(office.copy().confirmed(), 45);
    assert_eq!(
        (office.copy().entries().unwrap(), office.copy().problem()),
        (office.book.entries.clone(), None)
    );
    // Nothing is new: one question.
    let asked = office.asked.load(Ordering::SeqCst);
    office.source.follow().await;
    assert_eq!(office.asked.load(Ordering::SeqCst), asked + 1);
}

#[tokio::test]
async fn invariant_09_a_rewritten_ledger_is_named_by_its_first_changed_entry() {
    for page in [1, 3, 500] {
        let mut office = Office::start(40, 500).await;
        office.source.follow().await;
        let before = office.bytes();
        office.book.fill(3);
        for number in [1, 2, 17, 39, 40] {
            for beyond in [0, 3] {
                let mut other = office.book.rewritten(number);
                other.entries.truncate(40 + beyond);
                let asked = office.asked.load(Ordering::SeqCst);
                office.answer_with(of_book(&other, page));
                office.source.follow().await;
                let told = office.copy().problem().unwrap();
                let expected = format!(
                    "the back office's ledger is not the one that was there before: entry {number} was changed. Nothing is lost here; tell the client, and keep your export"
                );
                assert_eq!(told, expected, "pages of {page}, {beyond} more");
                assert_eq!(office.bytes(), before);
                assert!(office.asked.load(Ordering::SeqCst) - asked <= 1 + SEARCHES);
            }
        }
        // It stays shown after a restart, until the ledger is as it was.
        let open = || LedgerCopy::open(office.folder.path(), &office.book.key.public(), "work");
        assert!(open().problem().unwrap().contains("entry 40 was changed"));
        office.answer_with(of_book(&office.book, page));
        office.source.follow().await;
        assert_eq!((office.copy().problem(), open().problem()), (None, None));
        assert_eq!(office.copy().end(), office.book.head());
    }
}

#[tokio::test]
async fn invariant_09_other_faults_are_told_in_words_and_what_is_no_answer_is_none() {
    let mut office = Office::start(10, 500).await;
    office.source.follow().await;
    let before = office.bytes();
    office.book.fill(3);
    let told = async |answer: Answer| {
        office.answer_with(answer);
        office.source.follow().await;
        assert_eq!(office.bytes(), before);
        office.copy().problem().unwrap_or_default()
    };
    // A page on the way, such as a network's sign-in: nothing is wrong with the ledger.
    assert_eq!(told(Box::new(|_| ("text/html", b"sign in".to_vec()))).await, "");
    let cases: [(Answer, &str); 5] = [
        (Box::new(|_| ("application/json", b"{}".to_vec())), "cannot be read"),
        (
            of_book(&Book { key: office.book.key.clone(), ..Book::of("other", 13) }, 500),
            "of another contract",
        ),
        (of_book(&Book { key: Book::new("x").key, ..office.book.clone() }, 500), "not signed with the key"),
        (
            of_book(&Book { entries: office.book.entries[..9].to_vec(), ..office.book.clone() }, 500),
            "it ends with entry 9, and 10 were there before",
        ),
        (
            {
                let mut answer = office.book.answer(10, 500);
                let changed: &mut Entry = &mut answer.entries[1];
                changed.body = changed.body.as_ref().map(|body| body.replace("memo 1", "memo 2"));
                Box::new(move |_| ("application/json", serde_json::to_vec(&answer).unwrap()))
            },
            "the text of entry 12 was changed",
        ),
    ];
    for (answer, words) in cases {
        let problem = told(answer).await;
        assert!(problem.contains(words), "{problem}");
        // Unreachable, or an answer of something else, takes nothing back.
        assert_eq!(told(Box::new(|_| ("text/html", Vec::new()))).await, problem);
    }
}
