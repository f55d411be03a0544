//! What every room needs of Kubernetes: errors of the API server and their words, backoff and times, the client's
//! deadline and signs of life, events, and objects that belong to one of ours. It knows `api` alone.

pub mod answer_deadline;
pub mod backoff;
pub mod error;
pub mod events;
pub mod lenient_object;
pub mod owned;
pub mod owner;
pub mod paged_list;
pub mod server_clock;
pub mod status;
pub mod time;
pub mod user_agent;
pub mod watch_progress;
