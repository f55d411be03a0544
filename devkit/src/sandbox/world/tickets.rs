//! What a site knows of tickets beside its issues: custom fields, what hangs on issues, and the ledger.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::attached::Attached;
use super::field::{Field, FieldKind, REQUEST_TYPE};
use super::issue::Values;
use super::ledger::Effect;

/// What Atlassian does not document, each with the setting that the sandbox begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a question of its own.
pub struct Undocumented {
    /// `bulkfetch` finds a key only if search knows the issue (off): ids are found always.
    pub bulk_fetch_by_index: bool,
    /// The creator of a request that was raised on behalf of somebody is that customer (off), and not the caller.
    pub customer_is_creator: bool,
    /// A clone has the properties of its model (off).
    pub clone_copies_properties: bool,
    /// A clone has the labels of its model (on).
    pub clone_copies_labels: bool,
    /// Status that raising a request on behalf of somebody is refused with (400).
    pub on_behalf_refusal: u16,
    /// That refusal says nothing of whom it is about (off).
    pub on_behalf_unnamed: bool,
    /// A comment on a request that is to be internal becomes public at once, as an automation rule can do (off).
    pub internal_becomes_public: bool,
}

impl Default for Undocumented {
    fn default() -> Self {
        Self {
            bulk_fetch_by_index: false,
            customer_is_creator: false,
            clone_copies_properties: false,
            clone_copies_labels: true,
            on_behalf_refusal: 400,
            on_behalf_unnamed: false,
            internal_becomes_public: false,
        }
    }
}

/// An automation rule: whoever changes the field of the issue, the rule sets it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reversal {
    /// Id of the issue.
    pub issue: u64,
    /// The field, or `status`.
    pub field: String,
    /// After how long; none at once.
    pub after: SignedDuration,
}

/// What automation is about to set back.
#[derive(Clone, Debug)]
pub(crate) struct DueReversal {
    pub(crate) at: Timestamp,
    pub(crate) issue: u64,
    pub(crate) values: Values,
}

/// The state itself.
#[derive(Clone, Debug)]
pub struct Tickets {
    /// Custom fields by id.
    pub fields: BTreeMap<String, Field>,
    /// What hangs on each issue.
    pub attached: BTreeMap<u64, Attached>,
    /// What was really written, oldest first.
    pub ledger: Vec<Effect>,
    /// Rules that set fields back.
    pub reversals: Vec<Reversal>,
    /// What they are about to set back.
    pub(crate) due: Vec<DueReversal>,
    /// Whether issues can be linked.
    pub linking: bool,
    /// What is not documented.
    pub undocumented: Undocumented,
    /// The id of the next comment, link, option or custom field.
    next: u64,
}

impl Default for Tickets {
    fn default() -> Self {
        let request_type = Field {
            id: REQUEST_TYPE.to_owned(),
            name: "Request Type".to_owned(),
            kind: FieldKind::RequestType,
            options: Vec::new(),
        };
        Self {
            fields: BTreeMap::from([(request_type.id.clone(), request_type)]),
            attached: BTreeMap::new(),
            ledger: Vec::new(),
            reversals: Vec::new(),
            due: Vec::new(),
            linking: true,
            undocumented: Undocumented::default(),
            next: 10_040,
        }
    }
}

impl Tickets {
    /// A number that nothing has yet.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}
