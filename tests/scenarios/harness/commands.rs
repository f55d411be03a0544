//! What people do at Atlassian, on the sandbox's first site unless another is named.

use devkit::sandbox::Command;

pub fn archive(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::ArchiveProject { site, project }
}

pub fn trash(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::TrashProject { site, project }
}

pub fn restore(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::RestoreProject { site, project }
}

pub fn rename(project: &str, key: &str) -> Command {
    let (site, project, key) = (None, project.into(), key.into());
    Command::RenameProjectKey { site, project, key }
}

pub fn private(key: &str, private: bool) -> Command {
    let (site, project) = (None, key.into());
    Command::SetProjectPrivate { site, project, private }
}

pub fn drop_scope(client_id: &str, scope: &str) -> Command {
    let (client_id, scope) = (Some(client_id.to_owned()), scope.to_owned());
    Command::DropScope { client_id, scope }
}

pub fn add_scope(client_id: &str, scope: &str) -> Command {
    let (client_id, scope) = (Some(client_id.to_owned()), scope.to_owned());
    Command::AddScope { client_id, scope }
}

pub fn revoke(client_id: &str) -> Command {
    let (client_id, account) = (Some(client_id.to_owned()), None);
    Command::RevokeGrant { client_id, account }
}

pub fn block_app(client_id: &str, blocked: bool) -> Command {
    let (site, client_id) = (None, Some(client_id.to_owned()));
    Command::BlockApp {
        site,
        client_id,
        blocked,
    }
}

pub fn site_down(site: Option<&str>, down: bool) -> Command {
    let (site, status) = (site.map(str::to_owned), None);
    Command::SetSiteDown { site, down, status }
}

/// Product access for an account, where none is named that of the grant.
pub fn let_in(site: Option<&str>, account: Option<&str>, agent: bool) -> Command {
    let (site, account) = (site.map(str::to_owned), account.map(str::to_owned));
    Command::GrantProductAccess { site, account, agent }
}
