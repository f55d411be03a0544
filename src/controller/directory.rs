//! The directory of people as work of a pass, and its end when the spec no longer asks for it.
//!
//! It holds nothing back: what goes wrong with it is told in `status.users` and by an event.

use jiff::Timestamp;
use kube::Resource;

use super::{
    inventory::BURST,
    outcome::{StepError, Users},
    pass::Pass,
    schedule::ReconcileKind,
    work::Slice,
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::{DirectoryMode, DirectoryStatus},
        names,
        reason::Reason,
    },
    atlassian::error::JiraError,
    cluster::{
        error::{WriteError, describe},
        time::after,
    },
    sync::directory::{
        ConfigMaps, DirectoryError, DirectoryRun, ListingContext, ListingTurn, RIGHT_LACKING, SliceResult, TakenName,
        an_hour, slice, turn,
    },
};

impl Pass<'_> {
    /// Goes on with the directory of people, where the spec asks for one.
    pub(super) async fn directory(&mut self, work: &Slice<'_>) -> Result<(), StepError> {
        if !self.is_directory_wanted() || self.is_browsing_denied() {
            return Ok(());
        }
        let uid = &self.observed.target.owner.uid;
        let mut run = self.ctx.directories.take(uid);
        if let Some(at) = run.not_before.filter(|at| *at > self.observed.now) {
            self.outcome.work_on(at);
            self.ctx.directories.keep(uid, run);
            return Ok(());
        }
        let before = self.observed.status.users.as_ref();
        let (now, turn) = (
            self.observed.now,
            turn(before, run.wasted(before), self.observed.now, work.requested),
        );
        let ended = match (turn, before) {
            (ListingTurn::Go, Some(before)) if self.due == ReconcileKind::Resume => {
                self.list(work, before, &mut run).await
            }
            (ListingTurn::Rest, _) => return Ok(()),
            // Its points would be taken for those of every such pass.
            (ListingTurn::Go, _) => {
                self.outcome.work_on(now);
                Ok(())
            }
            // Nothing of an earlier listing counts for it.
            (ListingTurn::Begin(status), _) => {
                self.outcome.users = Users::Told(status);
                self.outcome.work_on(now);
                return Ok(());
            }
            (ListingTurn::Wait(at), _) => {
                self.outcome.work_on(at);
                Ok(())
            }
        };
        self.ctx.directories.keep(uid, run);
        ended
    }

    /// Removes the directory where the spec no longer asks for it, even if nothing else can be done.
    pub(super) async fn forget_directory(&mut self) {
        let Some(before) = self
            .observed
            .status
            .users
            .as_ref()
            .filter(|_| !self.is_directory_wanted())
        else {
            return;
        };
        match ConfigMaps::new(&self.ctx.client, &self.observed.owner())
            .remove_all()
            .await
        {
            Ok(()) => self.outcome.users = Users::Forgotten,
            Err(error) => self.troubled(before.clone(), &error).await,
        }
    }

    /// Points that the directory costs in an hour.
    pub(super) fn directory_an_hour(&self) -> u64 {
        let status = self.observed.status.users.as_ref();
        status.filter(|_| self.is_directory_wanted()).map_or(0, an_hour)
    }

    fn is_directory_wanted(&self) -> bool {
        let users = self.observed.integration.spec.users.as_ref();
        users.is_some_and(|users| users.directory == DirectoryMode::ConfigMap)
    }

    /// Whether the account may not browse users: then the directory stays as it is.
    fn is_browsing_denied(&self) -> bool {
        let condition = ConditionType::DirectoryReadable;
        let carried = || Finding::carried(condition, &self.observed.status.conditions);
        let finding = self.outcome.findings.get(&condition).cloned().or_else(carried);
        finding.is_some_and(|finding| finding.reason == Reason::UserBrowsingDenied)
    }

    async fn list(
        &mut self,
        work: &Slice<'_>,
        from: &DirectoryStatus,
        run: &mut DirectoryRun,
    ) -> Result<(), StepError> {
        let maps = ConfigMaps::new(&self.ctx.client, &self.observed.owner());
        let account = self.outcome.account.as_ref().or(self.observed.status.account.as_ref());
        let asked = ListingContext {
            jira: work.jira,
            own_id: account.map(|account| account.account_id.as_str()),
            before: from,
            now: self.observed.now,
            is_over: work.is_over,
        };
        let before = work.jira.points();
        let ended = slice(&maps, &asked, run).await;
        self.outcome.directory_points = work.jira.points().saturating_sub(before);
        let ended = match ended {
            Ok(ended) => self.listed(ended).await,
            Err(error) => self.list_failed(from.clone(), error).await,
        };
        match ended {
            // Too many calls a second to this endpoint, which has a limit of its own, say nothing about others.
            Err(StepError::RateLimited(error)) if !error.is_quota() => {
                let at = after(Timestamp::now(), error.retry_after().unwrap_or(BURST));
                run.not_before = Some(at);
                self.outcome.work_on(at);
                Ok(())
            }
            ended => ended,
        }
    }

    async fn listed(&mut self, ended: SliceResult) -> Result<(), StepError> {
        if let Some(at) = ended.go_on {
            self.outcome.work_on(at);
        }
        for taken in &ended.taken {
            self.tell_of_taken(taken).await;
        }
        if let Some(error) = ended.error {
            return self.list_failed(ended.status, error).await;
        }
        self.outcome.users = Users::Told(ended.status);
        Ok(())
    }

    async fn list_failed(&mut self, status: DirectoryStatus, error: DirectoryError) -> Result<(), StepError> {
        let terminating = |error: &kube::Error| matches!(WriteError::from_kube(error), WriteError::Terminating);
        if error.cluster().is_some_and(terminating) {
            return Err(StepError::Quiet);
        }
        if let DirectoryError::Jira(limited @ JiraError::RateLimited { .. }) = error {
            self.outcome.users = Users::Told(status);
            return Err(StepError::RateLimited(limited));
        }
        self.troubled(status, &error).await;
        Ok(())
    }

    /// Says why the directory is not up to date: in the status, and by an event when that is new.
    async fn troubled(&mut self, status: DirectoryStatus, error: &DirectoryError) {
        let cause = error
            .cluster()
            .map(|source| format!(": {}", describe(source)))
            .unwrap_or_default();
        let trouble = if error.is_right_lacking() {
            RIGHT_LACKING.to_owned()
        } else {
            format!("{error}{cause}")
        };
        let before = self
            .observed
            .status
            .users
            .as_ref()
            .and_then(|users| users.last_error.as_ref());
        if before != Some(&trouble) {
            let note = format!(
                "The directory of people is not up to date: {trouble}. It stays as it is and is tried again by itself."
            );
            self.warn("DirectoryOutdated", &note).await;
        }
        self.outcome.users = Users::Told(DirectoryStatus {
            last_error: Some(trouble),
            ..status
        });
    }

    async fn tell_of_taken(&self, taken: &TakenName) {
        let note = format!(
            "ConfigMap {} is somebody else's and was left alone; {} is used instead. Find the directory by the labels {}={} and {}={}.",
            taken.name,
            taken.instead,
            names::INTEGRATION_LABEL,
            self.observed.target.integration,
            names::COMPONENT_LABEL,
            names::COMPONENT_USERS
        );
        self.warn("ConfigMapNameTaken", &note).await;
    }

    async fn warn(&self, reason: &str, note: &str) {
        let object = self.observed.integration.object_ref(&());
        self.ctx.events.publish(&object, true, reason, note).await;
    }
}
