//! A process of the operator, as far as tickets go: a runtime of its own, so that it dies at any point.

use std::sync::Arc;

use jira_operator::controller::run_tickets;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::{
    api_server::{Eyes, NAMESPACE},
    surroundings::Surroundings,
};

/// See the module.
pub struct Process {
    runtime: Option<Runtime>,
    /// What it learns of objects.
    pub eyes: Eyes,
}

impl Process {
    /// Starts one.
    pub fn start(around: &Surroundings) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let eyes = Eyes::default();
        let ctx = {
            let _entered = runtime.enter();
            Arc::new(around.context(&eyes))
        };
        runtime.spawn(async move {
            run_tickets(ctx, &[NAMESPACE.to_owned()], CancellationToken::new()).await;
        });
        Self {
            runtime: Some(runtime),
            eyes,
        }
    }
}

impl Process {
    /// It dies where it stands.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
