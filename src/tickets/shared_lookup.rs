//! Looks for the tickets of many objects with few calls: those that wait for a look-up in one project share one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

use super::{
    identity::Identity,
    lookup::{self, LABELS, LookupResult},
    settle::CreationTimes,
};
use crate::atlassian::{error::JiraError, jira::Session, ticket_models::MarkedIssue};

/// After so long without another object those that wait are looked for.
const QUIET: Duration = Duration::from_millis(50);
/// How long the first one waits at most.
const LONGEST: Duration = Duration::from_secs(2);
/// So few are looked for beside the newest issues, so that it takes less time; of more, those that are among the newest
/// need no query.
const FEW: usize = 10;

/// Where is looked, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// cloudId of the site.
    pub site: String,
    /// Account id of who looks.
    pub account: String,
    /// Key of the project.
    pub project: String,
}

/// What is known of an issue that was listed.
#[derive(Clone, Debug)]
pub enum Listed {
    /// All of it.
    Whole(Box<MarkedIssue>),
    /// Its id.
    Id(String),
}

/// What was found for one object.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The issues that carry its identity.
    pub issues: Vec<MarkedIssue>,
    /// The highest number of an issue that the project has.
    pub highest: i64,
}

/// The look-ups under way, by place.
#[derive(Debug)]
pub struct SharedLookups {
    all: Mutex<HashMap<Place, Arc<Collector>>>,
    times: CreationTimes,
}

/// The look-ups in one place.
#[derive(Debug)]
struct Collector {
    times: CreationTimes,
    waiting: Mutex<Waiting>,
    is_full: Notify,
    newest: tokio::sync::Mutex<Option<(Instant, Arc<LookupResult>)>>,
}

#[derive(Debug, Default)]
struct Waiting {
    asked: Vec<Question>,
    last: Option<Instant>,
    is_collecting: bool,
}

#[derive(Debug)]
struct Question {
    identity: Identity,
    listed: Vec<Listed>,
    by_label: bool,
    tell: oneshot::Sender<Result<Answer, JiraError>>,
}

impl SharedLookups {
    /// None is under way.
    #[must_use]
    pub fn new(times: CreationTimes) -> Self {
        Self {
            all: Mutex::default(),
            times,
        }
    }

    /// Looks for the ticket of an object, together with those that others look for just now. `listed` is what a listing
    /// of the account's issues showed for it; `by_label` has its label asked for although there is some.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub async fn find(
        &self,
        session: &Session,
        place: &Place,
        identity: &Identity,
        listed: Vec<Listed>,
        by_label: bool,
    ) -> Result<Answer, JiraError> {
        let collector = self.of(place);
        let (tell, told) = oneshot::channel();
        let question = Question {
            identity: identity.clone(),
            by_label: by_label || listed.is_empty(),
            listed,
            tell,
        };
        if collector.ask(question) {
            tokio::spawn(Arc::clone(&collector).collect_and_look(session.clone(), place.project.clone()));
        }
        told.await.unwrap_or_else(|_| {
            Err(JiraError::Unavailable {
                detail: "the look-up was interrupted".to_owned(),
                retry_after: None,
            })
        })
    }

    /// What was looked up before is not believed any more.
    pub fn forget(&self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Place, Arc<Collector>>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, collector| !collector.is_idle());
        all
    }

    fn of(&self, place: &Place) -> Arc<Collector> {
        let new = || Arc::new(Collector::new(self.times));
        Arc::clone(self.all().entry(place.clone()).or_insert_with(new))
    }

    /// Forgets the newest issues of projects in which nobody looks any more: they may be thousands.
    pub fn forget_idle(&self) {
        drop(self.all());
    }
}

impl Collector {
    fn new(times: CreationTimes) -> Self {
        Self {
            times,
            waiting: Mutex::default(),
            is_full: Notify::default(),
            newest: tokio::sync::Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it holds nothing that anybody needs.
    fn is_idle(&self) -> bool {
        let waiting = self.waiting();
        let is_old = waiting
            .last
            .is_some_and(|last| last.elapsed() > self.times.newest() + LONGEST);
        !waiting.is_collecting && is_old
    }

    /// Takes a question in. Whether nobody collects yet.
    fn ask(&self, question: Question) -> bool {
        let mut waiting = self.waiting();
        waiting.asked.push(question);
        waiting.last = Some(Instant::now());
        if waiting.asked.len() >= LABELS {
            self.is_full.notify_one();
        }
        !std::mem::replace(&mut waiting.is_collecting, true)
    }

    /// Collects questions and has them answered, until nobody asks any more.
    async fn collect_and_look(self: Arc<Self>, session: Session, project: String) {
        loop {
            self.until_worth_looking().await;
            let some = self.taken();
            if some.is_empty() {
                return;
            }
            let (collector, session, project) = (Arc::clone(&self), session.clone(), project.clone());
            tokio::spawn(async move { collector.answer(&session, &project, some).await });
        }
    }

    async fn until_worth_looking(&self) {
        let since = Instant::now();
        loop {
            let (count, last) = {
                let waiting = self.waiting();
                (
                    waiting.asked.len(),
                    waiting.last.map(|last| last.elapsed()).unwrap_or_default(),
                )
            };
            let left = QUIET.saturating_sub(last).min(LONGEST.saturating_sub(since.elapsed()));
            if count == 0 || count >= LABELS || left.is_zero() {
                return;
            }
            tokio::select! {
                () = self.is_full.notified() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// The questions of one look-up. Without any, nobody collects from now on.
    fn taken(&self) -> Vec<Question> {
        let mut waiting = self.waiting();
        let count = waiting.asked.len().min(LABELS);
        waiting.is_collecting = count > 0;
        waiting.asked.drain(..count).collect()
    }

    async fn answer(&self, session: &Session, project: &str, asked: Vec<Question>) {
        let found = self.found(session, project, &asked).await;
        for question in asked {
            let answer = found.as_ref().map_err(Clone::clone).map(|(newest, further)| {
                // What the index says may be older than what is read by keys.
                let of_both = [further, newest.as_ref()].map(|found| found.of(&question.identity));
                let by_id: BTreeMap<String, MarkedIssue> = of_both
                    .into_iter()
                    .flatten()
                    .map(|issue| (issue.issue.id.clone(), issue))
                    .collect();
                Answer {
                    issues: by_id.into_values().collect(),
                    highest: newest.highest.max(further.highest),
                }
            });
            // Who asked may have gone.
            let _ = question.tell.send(answer);
        }
    }

    /// The newest issues of the project, and those that the questions are about.
    async fn found(
        &self,
        session: &Session,
        project: &str,
        asked: &[Question],
    ) -> Result<(Arc<LookupResult>, LookupResult), JiraError> {
        let identities = |asked: &mut dyn Iterator<Item = &Question>| -> Vec<Identity> {
            asked.map(|question| question.identity.clone()).collect()
        };
        let by_label = |question: &&Question| question.by_label;
        let mut further = LookupResult::in_project(project);
        let good_for = if asked.iter().any(|question| question.by_label) {
            self.times.newest()
        } else {
            self.times.newest_of_listed()
        };
        let newest = if asked.len() <= FEW {
            let sought = identities(&mut asked.iter().filter(by_label));
            let (newest, labelled) = futures::try_join!(
                self.newest(session, project, good_for),
                lookup::labelled(session, project, &sought)
            )?;
            further = labelled;
            newest
        } else {
            let newest = self.newest(session, project, good_for).await?;
            let sought = asked.iter().filter(by_label);
            let unknown = identities(&mut sought.filter(|question| !newest.has(&question.identity)));
            further.take(lookup::labelled(session, project, &unknown).await?.issues.into_values());
            newest
        };
        let (mut whole, mut ids) = (Vec::new(), Vec::new());
        for listed in asked.iter().flat_map(|question| &question.listed) {
            match listed {
                Listed::Whole(issue) => whole.push((**issue).clone()),
                Listed::Id(id) => ids.push(id.clone()),
            }
        }
        further.take(whole);
        further.take(lookup::with_ids(session, project, &ids).await?.issues.into_values());
        Ok((newest, further))
    }

    /// The newest issues of the project, as they were no longer ago than this.
    async fn newest(
        &self,
        session: &Session,
        project: &str,
        good_for: Duration,
    ) -> Result<Arc<LookupResult>, JiraError> {
        let mut known = self.newest.lock().await;
        if let Some((_, newest)) = known.as_ref().filter(|(at, _)| at.elapsed() < good_for) {
            return Ok(Arc::clone(newest));
        }
        let at = Instant::now();
        let newest = Arc::new(lookup::newest(session, project).await?);
        *known = Some((at, Arc::clone(&newest)));
        Ok(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(n: usize) -> (Question, oneshot::Receiver<Result<Answer, JiraError>>) {
        let (tell, told) = oneshot::channel();
        let identity = Identity::of("app", "shop", &n.to_string());
        (
            Question {
                identity,
                listed: Vec::new(),
                by_label: true,
                tell,
            },
            told,
        )
    }

    #[tokio::test]
    async fn a_lone_question_waits_a_moment_and_a_full_look_up_not_at_all() {
        let collector = Collector::new(CreationTimes::new(Duration::from_mins(5)));
        assert!(collector.ask(question(0).0));
        let began = Instant::now();
        collector.until_worth_looking().await;
        assert!(began.elapsed() < QUIET * 4);
        assert_eq!(collector.taken().len(), 1);
        for n in 0..LABELS + 30 {
            assert!(!collector.ask(question(n).0), "somebody collects");
        }
        collector.until_worth_looking().await;
        assert_eq!(collector.taken().len(), LABELS);
        collector.until_worth_looking().await;
        assert_eq!(collector.taken().len(), 30);
        assert!(collector.taken().is_empty());
        assert!(collector.ask(question(0).0), "nobody collects any more");
    }
}
