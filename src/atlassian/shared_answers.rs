//! Answers that many ask for at once: asked for once, and good for others for a while.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex as AsyncMutex;

/// How long an answer is good that says what may change at any moment, such as a failure: for those that wait for it, who
/// would ask one after the other otherwise.
pub const MOMENT: Duration = Duration::from_secs(1);

/// What was answered last, and until when it is good. Locked while it is asked for: who comes meanwhile waits.
type Slot<V> = AsyncMutex<Option<(V, Instant)>>;

/// The answers, by what was asked.
#[derive(Debug)]
pub struct SharedAnswers<K, V> {
    all: Mutex<HashMap<K, Arc<Slot<V>>>>,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> SharedAnswers<K, V> {
    /// None yet, and so many at most, but for those that are being asked for.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            all: Mutex::default(),
            most,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, Arc<Slot<V>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a question; `ask` is waited for where there is none, and says for how long its answer is good.
    pub async fn of(&self, key: K, ask: impl Future<Output = (V, Duration)>) -> V {
        let slot = self.slot(key);
        let mut known = slot.lock().await;
        if let Some((answer, _)) = known.as_ref().filter(|known| is_good(known)) {
            return answer.clone();
        }
        let (answer, good_for) = ask.await;
        *known = Some((answer.clone(), Instant::now() + good_for));
        answer
    }

    fn slot(&self, key: K) -> Arc<Slot<V>> {
        let mut all = self.all();
        if all.len() >= self.most && !all.contains_key(&key) {
            let is_used = |slot: &Arc<Slot<V>>| Arc::strong_count(slot) > 1;
            let lasts = |slot: &Arc<Slot<V>>| slot.try_lock().is_ok_and(|known| known.as_ref().is_some_and(is_good));
            all.retain(|_, slot| is_used(slot) || lasts(slot));
            if all.len() >= self.most {
                all.retain(|_, slot| is_used(slot));
            }
        }
        Arc::clone(all.entry(key).or_default())
    }

    /// Forgets the answers to some questions. One that is being asked for answers those alone that wait for it already.
    pub fn forget(&self, which: impl Fn(&K) -> bool) {
        self.all().retain(|key, _| !which(key));
    }
}

fn is_good<V>((_, until): &(V, Instant)) -> bool {
    Instant::now() < *until
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn those_who_ask_at_once_share_one_answer_while_it_is_good() {
        let (answers, asked) = (SharedAnswers::new(10), Cell::new(0));
        let ask = |good_for| {
            let asked = &asked;
            async move {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                (asked.get(), good_for)
            }
        };
        let both = futures::join!(answers.of("a", ask(LONG)), answers.of("a", ask(LONG)));
        assert_eq!(both, (1, 1));
        assert_eq!(answers.of("b", ask(Duration::ZERO)).await, 2);
        assert_eq!(answers.of("b", ask(LONG)).await, 3, "that one was good for nobody else");
        answers.forget(|key| *key == "a");
        assert_eq!(
            (answers.of("a", ask(LONG)).await, answers.of("b", ask(LONG)).await),
            (4, 3)
        );
    }

    #[tokio::test]
    async fn what_is_forgotten_while_it_is_asked_for_is_asked_for_again() {
        let answers = SharedAnswers::new(10);
        let before = answers.of("a", async {
            answers.forget(|_| true);
            ("before", LONG)
        });
        assert_eq!(before.await, "before");
        assert_eq!(answers.of("a", async { ("after", LONG) }).await, "after");
    }

    #[tokio::test]
    async fn no_more_are_kept_than_there_may_be_and_those_that_last_go_last() {
        let answers = SharedAnswers::new(3);
        for (key, good_for) in [(1, LONG), (2, Duration::ZERO), (3, LONG), (4, LONG)] {
            answers.of(key, async { (key, good_for) }).await;
        }
        let mut kept: Vec<i32> = answers.all().keys().copied().collect();
        kept.sort_unstable();
        assert_eq!(kept, [1, 3, 4]);
        answers.of(5, async { (5, LONG) }).await;
        assert_eq!(answers.all().len(), 1, "all that last were too many");
    }
}
