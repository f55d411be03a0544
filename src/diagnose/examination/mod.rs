//! The examination of one site: site → scopes → account → projects → what surrounds them. The order, and what an answer
//! makes pointless, stand in [`assess`]; [`examine`] asks what it names; [`judge`] judges answers that may be saved ones.

mod assessment;
mod driver;
mod findings;
mod hooks;

pub use self::{
    assessment::{Assessment, Next, Stop, assess},
    driver::{End, SiteExamination, examine},
    findings::{Findings, judge},
    hooks::{Hooks, ReadOnly, Renewal, RenewedToken},
};

#[cfg(test)]
mod tests;
