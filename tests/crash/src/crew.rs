//! A group and its one member, told on the admin socket, each call repeated under its own id.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use provision_api::{
    CallError, GroupName, Method, OnGroup, ProvisionError, RegistrationId, SetGroupMembers,
    Username,
};

use crate::member::Call;
use crate::scenario::Scenario;
use crate::site::{GROUPS, Site, request_id};

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// On the account of the member.
    Account(Call),
    /// A group for whose directory there is no room.
    MakeInVain,
    Make,
    Join,
    Leave,
    Archive,
    Restore,
    Remove,
}

const LIFE: [Turn; 15] = [
    Turn::Account(Call::Create),
    Turn::Account(Call::Configure),
    Turn::Account(Call::Activate),
    Turn::MakeInVain,
    Turn::Make,
    Turn::Join,
    Turn::Leave,
    Turn::Join,
    Turn::Archive,
    Turn::Restore,
    Turn::Join,
    Turn::Account(Call::Suspend),
    Turn::Account(Call::Remove),
    Turn::Archive,
    Turn::Remove,
];

/// For each call, in order, whether it is the first of its kind on a group.
pub fn is_new_on_a_group() -> impl Iterator<Item = bool> {
    LIFE.iter().enumerate().map(|(at, turn)| {
        let before = LIFE.get(..at).unwrap_or_default();
        !matches!(turn, Turn::Account(_)) && !before.contains(turn)
    })
}

/// The group.
pub struct Crew {
    member: Username,
    group: GroupName,
    registration_id: RegistrationId,
    calls: Vec<(Turn, Method)>,
    at: usize,
    answered: Option<String>,
    no_room: bool,
}

impl Crew {
    /// With a member of that name.
    ///
    /// # Panics
    /// It is no name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a fresh id for a test")]
        let registration_id = RegistrationId::new(uuid::Uuid::new_v4());
        let mut crew = Self {
            member: Username::parse(name).expect("a good name"),
            group: GroupName::parse(&format!("crew-{name}")).expect("a good name"),
            registration_id,
            calls: Vec::new(),
            at: 0,
            answered: None,
            no_room: false,
        };
        crew.add(&LIFE);
        crew
    }

    fn add(&mut self, turns: &[Turn]) {
        for turn in turns {
            self.calls.push((*turn, self.method(*turn)));
        }
    }

    fn method(&self, turn: Turn) -> Method {
        let on = || OnGroup {
            request_id: request_id(),
            name: self.group.clone(),
        };
        let members = |members| {
            Method::SetGroupMembers(SetGroupMembers {
                request_id: request_id(),
                name: self.group.clone(),
                members,
            })
        };
        match turn {
            Turn::Account(call) => call.method(&self.member, self.registration_id),
            Turn::MakeInVain | Turn::Make => Method::CreateGroup(on()),
            Turn::Join => members(vec![self.member.clone()]),
            Turn::Leave => members(Vec::new()),
            Turn::Archive => Method::ArchiveGroup(on()),
            Turn::Restore => Method::RestoreGroup(on()),
            Turn::Remove => Method::RemoveGroup(on()),
        }
    }

    /// A file system without a free inode, or with room again.
    fn room(&mut self, none: bool) {
        if self.no_room == none {
            return;
        }
        self.no_room = none;
        if none {
            let (place, kind) = (Path::new(GROUPS), Some("tmpfs"));
            let options = Some("mode=2711,nr_inodes=1");
            mount(kind, place, kind, MsFlags::empty(), options).expect("a tmpfs");
        } else {
            umount2(GROUPS, MntFlags::MNT_DETACH).expect("it was mounted");
        }
    }

    /// What the registry does not say.
    fn look(&self, turn: Turn) -> Result<(), String> {
        let plan = Path::new(GROUPS).join(self.group.as_str()).join("plan");
        match turn {
            Turn::Make => fs::write(&plan, "kept").map_err(|e| format!("{}: {e}", plan.display())),
            Turn::Join => match fs::read_to_string(&plan) {
                Ok(text) if text == "kept" => Ok(()),
                other => Err(format!("what was in the directory is {other:?}")),
            },
            _ => Ok(()),
        }
    }
}

impl Scenario for Crew {
    fn step(&mut self, site: &mut Site<'_>) -> Result<bool, String> {
        let Some((turn, method)) = self.calls.get(self.at).cloned() else {
            return Ok(true);
        };
        self.room(turn == Turn::MakeInVain);
        let answer = match (turn, site.answer(&method)) {
            (Turn::MakeInVain, Ok(answer)) => return Err(format!("there was room: {answer}")),
            (
                Turn::MakeInVain,
                Err(CallError::Refused(ProvisionError::TemporaryFailure { step, .. })),
            ) => step,
            (_, Ok(answer)) => answer,
            (_, Err(CallError::Refused(e))) if !e.is_transient() => {
                return Err(format!("{turn:?} was refused: {e}"));
            }
            (_, Err(_)) => return Ok(false),
        };
        match self.answered.take() {
            None => self.answered = Some(answer),
            Some(before) if before == answer => {
                self.look(turn)?;
                self.at += 1;
            }
            Some(before) => {
                return Err(format!("repeated, {turn:?} says {answer}, not {before}"));
            }
        }
        Ok(self.at == self.calls.len())
    }

    fn cut_short(&mut self) {
        let done = self.calls.iter().take(self.at + 1).map(|(turn, _)| *turn);
        let (mut account, mut group) = (Vec::new(), Vec::new());
        for turn in done {
            match turn {
                Turn::Account(Call::Create | Call::Configure) => {
                    account = vec![Turn::Account(Call::Discard)];
                }
                Turn::Account(Call::Activate) => {
                    account = vec![Turn::Account(Call::Suspend), Turn::Account(Call::Remove)];
                }
                Turn::Account(Call::Suspend) => account = vec![Turn::Account(Call::Remove)],
                Turn::Account(_) => account = Vec::new(),
                Turn::Make | Turn::Restore => group = vec![Turn::Archive, Turn::Remove],
                Turn::Archive => group = vec![Turn::Remove],
                Turn::Remove => group = Vec::new(),
                Turn::MakeInVain | Turn::Join | Turn::Leave => {}
            }
        }
        self.calls.truncate(self.at + 1);
        self.add(&account);
        self.add(&group);
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.room(false);
    }
}

/// Makes the directory of the shared directories, as tmpfiles.d does.
///
/// # Panics
/// It can't be made.
pub fn make_groups_directory() {
    fs::create_dir(GROUPS).expect("a directory");
    fs::set_permissions(GROUPS, fs::Permissions::from_mode(0o2711)).expect("its mode");
}
