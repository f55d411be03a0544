//! Reads the body of an answer, and no more of it than such an answer can have: what a host sends is not
//! bounded by anything else, and memory is.

use reqwest::Response;

/// Most bytes of an answer about one thing, such as a token, a site or an account.
pub const ONE: usize = 1 << 20;
/// Most bytes of an answer of Jira's REST API. Its largest pages, five thousand ids or a thousand people, have
/// little more than a megabyte; a list without pages, that of all statuses of a large site, may have several.
pub const PAGE: usize = 8 << 20;

/// What was read.
#[derive(Debug)]
pub struct Body {
    /// The bytes that came, at most as many as were allowed.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub end: BodyEnd,
}

/// How a body ended.
#[derive(Debug)]
pub enum BodyEnd {
    /// It is whole.
    Whole,
    /// There was more than is allowed.
    TooLong,
    /// The connection broke.
    Broken(reqwest::Error),
}

impl Body {
    /// Reads until the end, or until there is more than `most`. What came before a connection broke is kept: it
    /// may hold a token.
    pub async fn read(mut response: Response, most: usize) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = most.saturating_sub(bytes.len());
                    let taken = chunk.get(..room.min(chunk.len())).unwrap_or_default();
                    bytes.extend_from_slice(taken);
                    if taken.len() < chunk.len() {
                        break BodyEnd::TooLong;
                    }
                }
                Ok(None) => break BodyEnd::Whole,
                Err(error) => break BodyEnd::Broken(error),
            }
        };
        Self { bytes, end }
    }

    /// The bytes, if they are all.
    #[must_use]
    pub fn whole(&self) -> Option<&[u8]> {
        matches!(self.end, BodyEnd::Whole).then_some(self.bytes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Response {
        axum::http::Response::new(body.to_owned()).into()
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_allowed() {
        let read = Body::read(answer("12345678"), 8).await;
        assert_eq!(read.whole(), Some(b"12345678".as_slice()));
        let read = Body::read(answer("123456789"), 8).await;
        assert_eq!(read.bytes, b"12345678");
        assert!(read.whole().is_none() && matches!(read.end, BodyEnd::TooLong));
    }
}
