//! Hands each command to the part of the world it changes.

use super::answer::{Answer, CommandError};
use super::vocabulary::Command;
use super::{desks, grants, issues, limits, people, projects, shapes, sites};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::World;

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
        Command::Limit(command) => return limits::apply(shared, command),
        other => other,
    };
    let mut world = shared.world_mut();
    world.version += 1;
    apply_to_world(&mut world, command)
}

/// Carries out a command that changes the world. Each part does what is its own and hands the rest on.
fn apply_to_world(world: &mut World, command: Command) -> Result<Answer, CommandError> {
    let command = match command {
        Command::Desk(command) => return desks::apply(world, command),
        Command::Shape(command) => return shapes::apply(world, command),
        Command::Issue(command) => return issues::apply(world, command),
        other => other,
    };
    let command = match grants::apply(world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    let command = match people::apply(world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    let command = match sites::apply(world, command) {
        Ok(answer) => return answer,
        Err(command) => *command,
    };
    projects::apply(world, command)
}
