//! Hands each command to the part of the world it changes.

use super::answer::{Answer, CommandError};
use super::vocabulary::Command;
use super::{grants, people, projects, sites};
use crate::sandbox::shared::Shared;

/// Carries a command out.
pub(crate) fn apply(shared: &Shared, command: Command) -> Result<Answer, CommandError> {
    let command = match command {
        Command::AddFault { rule } => {
            let id = shared.faults.add(rule);
            return Ok(Answer::Fault { id });
        }
        Command::RemoveFault { id } => {
            let known = shared.faults.remove(id);
            let unknown = || CommandError::unknown("fault", id.to_string());
            return known.then_some(Answer::Done).ok_or_else(unknown);
        }
        Command::ClearFaults => {
            shared.faults.clear();
            return Ok(Answer::Done);
        }
        Command::ListFaults => {
            let faults = shared.faults.list();
            return Ok(Answer::Faults { faults });
        }
        Command::ClearRequests => {
            shared.journal.clear();
            return Ok(Answer::Done);
        }
        other => other,
    };
    let mut world = shared.world();
    // Each part carries out what is its own and hands the rest on.
    let command = match grants::apply(&mut world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    let command = match people::apply(&mut world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    let command = match sites::apply(&mut world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    projects::apply(&mut world, command)
}
