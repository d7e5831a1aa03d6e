//! A back office below a path, behind a real proxy that takes the path off and behind one that leaves it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use candor_seal::SecretKey;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::common::{CLIENT, Device, PASSWORD, Picture, Server, WORKER, http};

const PREFIX: &str = "/candor";

/// A reverse proxy for what is below the path; whatever else is asked for it does not know.
async fn proxy(listener: TcpListener, to: String, strip: bool) {
    let http = http();
    let pass_on = move |request: Request| {
        let (http, to) = (http.clone(), to.clone());
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().unwrap().as_str();
            let Some(below) = path.strip_prefix(PREFIX) else {
                return axum::http::Response::builder().status(502).body(Body::from("not mine")).unwrap();
            };
            let path = if strip { below } else { path };
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let mut asked = http.request(parts.method, format!("{to}{path}")).body(body);
            for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "content-length") {
                asked = asked.header(name, value);
            }
            let answer = asked.send().await.unwrap();
            let mut back = axum::http::Response::builder().status(answer.status());
            for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
                back = back.header(name, value);
            }
            back.body(Body::from(answer.bytes().await.unwrap())).unwrap()
        }
    };
    axum::serve(listener, Router::new().fallback(pass_on)).await.unwrap();
}

/// A browser as far as addresses and cookies go.
struct Browser {
    http: Client,
    site: String,
    /// Values with the paths that they are for.
    cookies: HashMap<String, (String, String)>,
}

impl Browser {
    async fn ask(&mut self, method: Method, path: &str, body: Option<String>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.site));
        let plain = path.split(['?', '#']).next().unwrap();
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|(_, (_, at))| {
                plain == at
                    || plain
                        .strip_prefix(at.as_str())
                        .is_some_and(|rest| at.ends_with('/') || rest.starts_with('/'))
            })
            .map(|(name, (value, _))| format!("{name}={value}"))
            .collect();
        if !sent.is_empty() {
            request = request.header("cookie", sent.join("; "));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("origin", &self.site)
                .body(body);
        }
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let mut parts = set.to_str().unwrap().split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let rest: Vec<&str> = parts.collect();
            let path = rest.iter().find_map(|part| part.strip_prefix("Path=")).unwrap();
            if rest.contains(&"Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), (value.to_owned(), path.to_owned()));
            }
        }
        answer
    }

    /// Sends the form of a page that is sent to this address, with what it has and what is typed.
    async fn send_form(&mut self, page: &str, action: &str, typed: &[(&str, &str)]) -> Response {
        let form = page.split("<form").find(|form| form.contains(&format!("action=\"{action}\""))).unwrap();
        let form = form.split("</form>").next().unwrap();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for input in form.split("<input").skip(1).filter(|input| input.contains("type=\"hidden\"")) {
            query.append_pair(attribute(input, "name").unwrap(), attribute(input, "value").unwrap());
        }
        for (name, value) in typed {
            query.append_pair(name, value);
        }
        self.ask(Method::POST, action, Some(query.finish())).await
    }
}

fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next())
}

/// Every address that a page leads to, but those within it.
fn addresses(page: &str) -> Vec<String> {
    [" href=\"", " src=\"", " action=\""]
        .into_iter()
        .flat_map(|name| page.split(name).skip(1).filter_map(|rest| rest.split('"').next()))
        .filter(|address| !address.starts_with('#'))
        .map(|address| address.replace("&amp;", "&"))
        .collect()
}

async fn everything_works_below_a_path(strip: bool) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Server::start(&data));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    let base = format!("{site}{PREFIX}");
    let server =
        Server::restart_with(&data, &["--public-url", &format!("{base}/"), "--trusted-proxy", "127.0.0.1"]);
    tokio::spawn(proxy(listener, server.url.clone(), strip));

    // A device: the invitation's address, enrolment, a picture and its time, the week.
    let drawn =
        server.office.run("enrolment-code", &["--contract", "invoices", "--server", &base], "").unwrap();
    assert_eq!(drawn["server"], base.as_str());
    let key = SecretKey::generate().unwrap();
    let body =
        json!({ "code": drawn["code"], "name": "laptop", "public-key": key.public().to_hex() }).to_string();
    let answer = server.http.post(format!("{base}/api/v1/enrol")).body(body).send().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["diary-url"], "/candor/contracts/invoices/diary");
    let device = Device::enrol(&server.http, &base, &server.office.code("invoices"), key).await;
    let mut parcel = device.parcel(55);
    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, true)).await;
    device.deliver(&parcel).await;
    assert_eq!(device.week("?contract=invoices").await.status(), 200);

    // A person: sent to sign in, and back to where they wanted to go.
    let mut browser = Browser { http: http(), site, cookies: HashMap::new() };
    let wanted = "/candor/contracts/invoices/diary/2026-11-27?zone=utc";
    let sent = browser.ask(Method::GET, wanted, None).await;
    let sign_in = sent.headers()["location"].to_str().unwrap().to_owned();
    assert!(sign_in.starts_with("/candor/sign-in?next=%2Fcontracts%2F"), "{sign_in}");
    let page = browser.ask(Method::GET, &sign_in, None).await.text().await.unwrap();
    let typed = [("email", WORKER), ("password", PASSWORD)];
    let answer = browser.send_form(&page, "/candor/sign-in", &typed).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &wanted.parse().unwrap()));
    assert!(browser.cookies.values().all(|(_, path)| path == PREFIX), "{:?}", browser.cookies);

    // Every address of every page is below the path and is there.
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([wanted.to_owned(), "/candor".to_owned(), "/candor/".to_owned()]);
    let mut last = String::new();
    while let Some(address) = open.pop_front() {
        // Days lead to further days without end.
        if !seen.insert(address.clone()) || seen.len() > 60 {
            continue;
        }
        let answer = browser.ask(Method::GET, &address, None).await;
        let media = answer.headers().get("content-type").map(|media| media.to_str().unwrap().to_owned());
        if answer.status() == 303 {
            open.push_back(answer.headers()["location"].to_str().unwrap().to_owned());
            continue;
        }
        // Where forms are sent to, which is no page.
        let sent_to = ["/sign-out", "/account/password", "/account/sign-out-everywhere"];
        let form = sent_to.iter().any(|path| address.ends_with(path));
        assert_eq!(answer.status(), if form { 405 } else { 200 }, "{address}");
        if media.is_some_and(|media| media.starts_with("text/html")) {
            last = answer.text().await.unwrap();
            for found in addresses(&last) {
                assert!(found.starts_with("/candor/"), "{address} leads to {found}");
                open.push_back(found);
            }
        }
    }
    for part in ["/pictures/", "/receipts/", "/recorded", "/assets/candor.css"] {
        assert!(seen.iter().any(|address| address.contains(part)), "{part} is among {seen:?}");
    }
    let nothing = browser.ask(Method::GET, "/candor/contracts/none/recorded", None).await;
    assert_eq!(nothing.status(), 404);
    assert!(addresses(&nothing.text().await.unwrap()).iter().all(|found| found.starts_with("/candor/")));

    let page = browser.ask(Method::GET, "/candor/", None).await.text().await.unwrap();
    assert!(last.contains("/candor/sign-out"));
    let out = browser.send_form(&page, "/candor/sign-out", &[]).await;
    assert_eq!(
        (out.status().as_u16(), &out.headers()["location"]),
        (303, &"/candor/sign-in".parse().unwrap())
    );
    assert_eq!(browser.ask(Method::GET, "/candor/", None).await.status(), 303);
}

#[tokio::test]
async fn everything_works_below_a_path_that_the_proxy_takes_off() {
    everything_works_below_a_path(true).await;
}

#[tokio::test]
async fn everything_works_below_a_path_that_the_proxy_leaves() {
    everything_works_below_a_path(false).await;
}

#[tokio::test]
async fn a_cookie_is_for_no_more_than_the_back_office() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Server::start(&data));
    for (url, name, path) in [
        ("https://diary.example", "__Host-candor=", "Path=/; "),
        ("https://example.org/candor/", "__Secure-candor=", "Path=/candor; "),
        ("http://example.org/candor", "candor=", "Path=/candor; "),
    ] {
        let server = Server::restart_with(&data, &["--public-url", url]);
        let answer = server.try_sign_in(CLIENT, PASSWORD, &[]).await;
        let set: Vec<_> =
            answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
        let session =
            set.iter().find(|set| set.starts_with(name)).unwrap_or_else(|| panic!("{url}: {set:?}"));
        assert!(session.contains(path), "{session}");
        assert_eq!(session.contains("; Secure"), url.starts_with("https"), "{session}");
    }
}
