//! Requests that change something at the API server, named by what they change.

use std::fmt;

use axum::http::Method;
use serde_json::Value;

/// A request that changes something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// `create`, `update`, `patch` or `delete`.
    pub verb: &'static str,
    /// Plural name of the kind, `secrets` for example.
    pub resource: String,
    /// `status` for example; empty for the object itself.
    pub subresource: String,
    /// Name of the object; empty where the API server makes one, and where many are deleted.
    pub name: String,
}

impl Write {
    /// Reads a request. Nothing for one that only reads, and for a question about rights, which is asked by a POST.
    #[must_use]
    pub fn of(method: &Method, path: &str, body: &[u8]) -> Option<Self> {
        let verb = match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => return None,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match parts.next() {
            Some("api") => parts.nth(0),
            Some("apis") => parts.nth(1),
            _ => return None,
        }?;
        let mut parts: Vec<&str> = parts.collect();
        if parts.len() > 2 && parts.first() == Some(&"namespaces") {
            parts.drain(..2);
        }
        let mut parts = parts.into_iter();
        let resource = parts.next()?.to_owned();
        if resource.starts_with("self") || resource.ends_with("accessreviews") || resource == "tokenreviews" {
            return None;
        }
        let name = parts.next().map_or_else(|| name_in(body), str::to_owned);
        let subresource = parts.next().unwrap_or_default().to_owned();
        Some(Self {
            verb,
            resource,
            subresource,
            name,
        })
    }
}

/// `update secrets/acme-oauth-grant`, `patch jiraintegrations/acme (status)`.
impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.name.is_empty() {
            write!(f, "/{}", self.name)?;
        }
        if !self.subresource.is_empty() {
            write!(f, " ({})", self.subresource)?;
        }
        Ok(())
    }
}

fn name_in(body: &[u8]) -> String {
    let object: Option<Value> = serde_json::from_slice(body).ok();
    let name = object.as_ref().and_then(|object| object.pointer("/metadata/name"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &Method, path: &str, body: &str) -> Option<String> {
        Write::of(method, path, body.as_bytes()).map(|write| write.to_string())
    }

    #[test]
    fn writes_are_named_by_what_they_change() {
        let cases = [
            (
                Method::POST,
                "/api/v1/namespaces/a/secrets?x=y",
                r#"{"metadata":{"name":"b"}}"#,
                "create secrets/b",
            ),
            (
                Method::PUT,
                "/api/v1/namespaces/a/secrets/b?fieldManager=x",
                "{}",
                "update secrets/b",
            ),
            (
                Method::PATCH,
                "/apis/jira-operator.dev/v1alpha1/namespaces/a/jiraprojects/b/status?force=true",
                "{}",
                "patch jiraprojects/b (status)",
            ),
            (
                Method::DELETE,
                "/apis/g/v1/namespaces/a/jiraissues",
                "",
                "delete jiraissues",
            ),
            (
                Method::POST,
                "/api/v1/namespaces",
                r#"{"metadata":{"name":"b"}}"#,
                "create namespaces/b",
            ),
            (Method::DELETE, "/api/v1/namespaces/b", "", "delete namespaces/b"),
        ];
        for (method, path, body, expected) in cases {
            assert_eq!(named(&method, path, body).as_deref(), Some(expected), "{method} {path}");
        }
    }

    #[test]
    fn questions_are_no_writes() {
        assert_eq!(named(&Method::GET, "/api/v1/namespaces/a/secrets/b", ""), None);
        let review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert_eq!(named(&Method::POST, review, "{}"), None);
        assert_eq!(named(&Method::POST, "/metrics", "{}"), None);
    }
}
