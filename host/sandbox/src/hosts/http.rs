//! `http`: requests to the hosts granted. The work is done in `crate::net`.

use std::time::Duration;

use super::attachments::take_body;
use crate::bindings::candor::plugin::attachments::Part;
use crate::bindings::candor::plugin::http;
use crate::instance::InstanceState;
use crate::net::message::{HttpAnswer, HttpError, HttpHeader, HttpRequest, RequestAuth, SecretUse};

impl http::Host for InstanceState {
    async fn send(
        &mut self,
        request: http::Request,
        auth: Option<http::Auth>,
        body: Vec<Part>,
    ) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        let body = take_body(self, body)?;
        let answer = match &self.hosts.http {
            Some(client) => client.send(request.into(), auth.map(Into::into), body).await,
            None => Err(HttpError::NotGranted("`http`".to_owned())),
        };
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl From<http::Request> for HttpRequest {
    fn from(r: http::Request) -> Self {
        Self {
            method: r.method.into(),
            url: r.url,
            headers: r.headers.into_iter().map(|h| HttpHeader { name: h.name, value: h.value }).collect(),
            timeout: r.timeout.map(Duration::from_millis),
        }
    }
}

impl From<http::Method> for reqwest::Method {
    fn from(m: http::Method) -> Self {
        match m {
            http::Method::Get => Self::GET,
            http::Method::Head => Self::HEAD,
            http::Method::Post => Self::POST,
            http::Method::Put => Self::PUT,
            http::Method::Patch => Self::PATCH,
            http::Method::Delete => Self::DELETE,
        }
    }
}

impl From<http::Auth> for RequestAuth {
    fn from(a: http::Auth) -> Self {
        let secret_use = match a.secret_use {
            http::SecretUse::Header(how) => SecretUse::Header { name: how.name, prefix: how.prefix },
            http::SecretUse::HmacSha256(how) => SecretUse::HmacSha256 { header: how.header },
            http::SecretUse::AwsSigv4(how) => {
                SecretUse::AwsSigv4 { region: how.region, service: how.service }
            }
        };
        Self { secret: a.secret, secret_use }
    }
}

impl From<HttpAnswer> for http::Response {
    fn from(a: HttpAnswer) -> Self {
        let headers = a.headers.into_iter().map(|h| http::Header { name: h.name, value: h.value });
        Self { status: a.status, headers: headers.collect(), body: a.body }
    }
}

impl From<HttpError> for http::HttpError {
    fn from(e: HttpError) -> Self {
        match e {
            HttpError::BadUrl(how) => Self::BadUrl(how),
            HttpError::NotGranted(grant) => Self::NotGranted(grant),
            HttpError::BadHeader(name) => Self::BadHeader(name),
            HttpError::NoSecret(name) => Self::NoSecret(name),
            HttpError::Unresolved => Self::Unresolved,
            HttpError::Unreachable(why) => Self::Unreachable(why),
            HttpError::TimedOut => Self::TimedOut,
            HttpError::TooLarge => Self::TooLarge,
            HttpError::Broken(why) => Self::Broken(why),
        }
    }
}
