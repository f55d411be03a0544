//! What is logged, and how.

use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For machines, one object a line
    Json,
}

/// What is logged when `RUST_LOG` does not say.
const DEFAULT_LEVEL: &str = "info";
/// Kept quiet unless `RUST_LOG` names it: the runtime of kube repeats in every line what the line says.
const QUIET: &str = "kube_runtime=warn";
/// Kept quiet whatever `RUST_LOG` says: the client of kube quotes an answer that it cannot read, and at its lower
/// levels others too, which may be a Secret.
const SILENCED: &str = "kube_client=error,kube_client::client=error";

/// What is logged at the levels that `RUST_LOG` asks for.
fn filter(levels: Option<&str>) -> EnvFilter {
    let levels = levels
        .filter(|levels| !levels.trim().is_empty())
        .unwrap_or(DEFAULT_LEVEL);
    EnvFilter::try_new(format!("{QUIET},{levels},{SILENCED}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},{DEFAULT_LEVEL},{SILENCED}")))
}

/// Starts logging to standard error. `RUST_LOG` sets the level.
pub fn start_logging(format: LogFormat) {
    let filter = filter(std::env::var(EnvFilter::DEFAULT_ENV).ok().as_deref());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Where lines go in a test.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while a Secret is read whose answer is cut off.
    fn logged_of_a_broken_answer(levels: Option<&str>) -> String {
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter(levels))
            .with_writer(move || to.clone())
            .finish();
        let server = tower::service_fn(|_: axum::http::Request<kube::client::Body>| async {
            let body = r#"{"kind":"Secret","data":{"refresh-token":"aGlkZGVu"},"metadata":{"na"#;
            Ok::<_, std::convert::Infallible>(axum::http::Response::new(axum::body::Body::from(body)))
        });
        tracing::subscriber::with_default(subscriber, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let client = kube::Client::new(server, "ns");
                let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> = kube::Api::default_namespaced(client);
                assert!(secrets.get("acme-oauth-grant").await.is_err(), "it cannot be read");
                tracing::info!("the reconciliation goes on");
            });
        });
        let all = lines.0.lock().expect("no writer panics").clone();
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_logged_whatever_the_level() {
        for levels in [
            None,
            Some(""),
            Some("info"),
            Some("trace"),
            Some("info,kube_client=trace"),
            Some("info,x=nonsense"),
        ] {
            let lines = logged_of_a_broken_answer(levels);
            assert!(!lines.contains("aGlkZGVu"), "{levels:?}:\n{lines}");
            assert!(lines.contains("the reconciliation goes on"), "{levels:?}:\n{lines}");
        }
    }
}
