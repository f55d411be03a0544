//! What may happen in a history of tickets: to objects, to the operator, to calls, and in Jira.

/// A call of the operator to Jira.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The one that creates a ticket.
    Create,
    /// The one that changes one: its fields, or to mark it.
    Edit,
    /// The one that comments on one.
    Comment,
    /// The one that moves one.
    Move,
    /// Any that reads.
    Read,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused with this status, and has no effect.
    Refused(u16),
    /// It takes effect, and this status is answered.
    Failed(u16),
    /// The connection is lost before it takes effect.
    LostBefore,
    /// The connection is lost after it took effect.
    LostAfter,
    /// It waits, and takes effect once it is let go, also where nobody waits for it any more.
    Late,
    /// The connection is lost, and it takes effect once it is let go.
    LostAndLate,
    /// It waits, and takes effect once it is let go if somebody still waits for it.
    Held,
    /// It takes effect, and its answer waits.
    AnswerHeld,
    /// It takes effect, and its answer cannot be read.
    Garbled,
}

/// A step of a history. Objects are chosen by number, so are processes and editions of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A person applies an object.
    Apply { object: u8, edition: u8 },
    /// A person deletes an object.
    Delete { object: u8 },
    /// An object is deleted and applied anew, without its status, as a backup or a forced replacement does.
    Replace { object: u8 },
    /// A person deletes the ticket of an object, and applies that anew.
    Renew { object: u8 },
    /// The cluster is built anew from the same manifests.
    Rebuild,
    /// A person says which ticket is meant, where the operator cannot tell.
    Decide { object: u8 },
    /// The spec of an object wants its ticket elsewhere, or nowhere.
    Want { object: u8, phase: u8 },
    /// The spec of an object says something else of a field, or nothing of it.
    Spell { object: u8, field: u8, value: u8 },
    /// A program wants a comment of its own on the ticket of an object, changes it, or withdraws it.
    Say { object: u8, program: u8, edition: u8 },
    /// A person edits what wakes the operator and changes nothing else.
    Touch { object: u8 },
    /// Every object is reconciled.
    Wake,
    /// The operator is asked to look at Jira now.
    Follow,
    /// A process learns nothing of objects until it does again.
    Blind { process: u8, is_blind: bool },
    /// A process is killed and started again.
    Kill { process: u8 },
    /// So many thirtieths of the time after which a ticket that is not found was not created go by.
    Wait { thirtieths: u8 },
    /// A call to Jira goes wrong, after so many of its kind.
    Fault { call: Call, skip: u8, trouble: Trouble },
    /// A write of a status goes wrong, after so many.
    ClusterFault { skip: u8, trouble: Trouble },
    /// Writes of statuses are refused until this comes again.
    ClusterDown { is_down: bool },
    /// What waits is let go.
    Release,
    /// Search is late until it is not.
    Lag { is_late: bool },
    /// Jira's clock goes on.
    Clock { minutes: u8 },
    /// A person creates an issue or a request with the summary of an object's ticket.
    Ask { object: u8 },
    /// A person clones the ticket of an object.
    Clone { object: u8 },
    /// A person moves it.
    Move { object: u8 },
    /// A person deletes it.
    Remove { object: u8 },
    /// It is hidden from the account.
    Hide { object: u8 },
    /// What is hidden is shown again.
    Show,
    /// A person takes the label away.
    Unlabel { object: u8 },
    /// A person takes the property away.
    Unmark { object: u8 },
    /// A person comments on it.
    Comment { object: u8 },
    /// A person deletes the comment of a program.
    Unsay { object: u8 },
    /// A person moves it to another status.
    Shift { object: u8, status: u8 },
    /// Automation moves it back whenever somebody moves it, or no longer does.
    Fight { object: u8, is_off: bool },
    /// A person edits a field of it, or its labels.
    Edit { object: u8, field: u8, value: u8 },
    /// Automation sets a field of it back whenever somebody changes it, or no longer does.
    Revert { object: u8, field: u8, is_off: bool },
}

/// A history: how Jira behaves where Atlassian does not say, and the steps.
#[allow(clippy::struct_excessive_bools)] // Each is a switch of its own.
#[derive(Clone, Debug)]
pub struct History {
    pub bulk_fetch_by_index: bool,
    pub customer_is_creator: bool,
    pub clone_copies_properties: bool,
    pub clone_copies_labels: bool,
    pub steps: Vec<Step>,
}
