//! The examination of one site: site → scopes → account → projects → what surrounds them. The order, and what an answer
//! makes pointless, stand in `order.rs` ([`assess`]); `ask.rs` ([`examine`]) asks what it names; [`judge`] judges answers
//! that may be saved ones.

mod ask;
mod findings;
mod hooks;
mod order;

pub use self::{
    ask::{End, SiteExamination, examine},
    findings::{Findings, judge},
    hooks::{Hooks, ReadOnly, Renewal, RenewedToken},
    order::{Assessment, Next, Stop, assess},
};

#[cfg(test)]
mod tests;
