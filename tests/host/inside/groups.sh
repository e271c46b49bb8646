#!/usr/bin/env bash
# A group of an organisation: its directory has the setgid bit although the unit may set none, members
# share it, and it goes with them.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
readonly DIRECTORY=/home/groups AREA=/home/groups/.registrar

# on_group METHOD NAME [FIELD VALUE]: with a request id of its own.
on_group() { provisiond "$1" requestId "$(uuid)" name "$2" "${@:3}" >"$KEPT/answer" || fail "$1: $(cat "$KEPT/answer")"; }
as_wanted() { is "$1" "$2" "$(stat -c '%U:%G %a' "$1")"; }
members() { getent group "$1" | cut -d: -f4; }

step "the package made the place for shared directories"
as_wanted "$DIRECTORY" "root:root 2711"

step "two members more"
sign_up crewone
sign_up crewtwo

step "under RestrictSUIDSGID=yes a directory gets its group and its setgid bit"
is "RestrictSUIDSGID" yes "$(systemctl show -P RestrictSUIDSGID provisiond.service)"
on_group CreateGroup crew
as_wanted "$DIRECTORY/crew" "root:crew 2770"
gid="$(getent group crew | cut -d: -f3)"
(($(id -u crewtwo) < gid)) || fail "gid $gid"
! getent passwd "$gid" >/dev/null || fail "a user has the number $gid"

step "members follow the list, and share what they make"
on_group SetGroupMembers crew members '=["crewone","crewtwo","grace"]'
is "members" crewone,crewtwo,grace "$(members crew)"
person crewone
by_key "umask 002 && mkdir $DIRECTORY/crew/plans && echo one >$DIRECTORY/crew/plans/first"
as_wanted "$DIRECTORY/crew/plans/first" "crewone:crew 664"
person crewtwo
by_key "echo two >>$DIRECTORY/crew/plans/first"
is "the plan" "one two" "$(tr '\n' ' ' <"$DIRECTORY/crew/plans/first" | sed 's/ $//')"
is "who else may look" "" "$(as nobody ls "$DIRECTORY/crew" 2>/dev/null || true)"

step "who is suspended stays a member, who is archived is none any more"
on_account SuspendAccount crewone >/dev/null
is "members" crewone,crewtwo,grace "$(members crew)"
on_account ArchiveAccount crewone >/dev/null
is "members" crewtwo,grace "$(members crew)"
is "gshadow" crewtwo,grace "$(getent gshadow crew | cut -d: -f4)"

step "the submit socket takes no group away"
! "$inside/varlink.pl" /run/provisiond/submit.sock ArchiveGroup requestId "$(uuid)" name crew >"$KEPT/answer" || fail "it was done"
grep -q NotPermitted "$KEPT/answer" || fail "$(cat "$KEPT/answer")"

step "archived, the directory is out of reach as it was; restored, it is back"
on_group ArchiveGroup crew
is "members" "" "$(members crew)"
[[ ! -e $DIRECTORY/crew ]] || fail "it is still there"
as_wanted "$AREA" "root:root 700"
as_wanted "$AREA/aside/crew" "root:crew 2770"
on_group RestoreGroup crew
as_wanted "$DIRECTORY/crew" "root:crew 2770"
# Its owner's name is gone, the group's is not.
is "the plan" "crew 664" "$(stat -c '%G %a' "$DIRECTORY/crew/plans/first")"

step "removed, nothing is left, and the name does not come back"
on_group ArchiveGroup crew
on_group RemoveGroup crew
! getent group crew >/dev/null || fail "the group is still there"
is "what is in $DIRECTORY" "$AREA" "$(find "$DIRECTORY" -mindepth 1 -maxdepth 1)"
is "what waits in it" "" "$(find "$AREA" -mindepth 2)"
! provisiond CreateGroup requestId "$(uuid)" name crew >"$KEPT/answer" || fail "it was made again"
grep -q 'not given out again' "$KEPT/answer" || fail "$(cat "$KEPT/answer")"
curl -fsS "$WEB/api/auth/status/check-username/crew" | grep -q '"available":false' || fail "a user may be called crew"
on_account RemoveAccount crewone >/dev/null

step "an organisation of the web gets its group, and who joins or leaves it is in or out"
has_members() { [[ "$(members night-crew)" == "$1" ]]; }
registrarctl orgs create "The Night Crew" --slug night-crew >/dev/null
until_true 30 getent group night-crew
registrarctl orgs add night-crew crewtwo --role client_admin >/dev/null
until_true 30 has_members crewtwo
as_wanted "$DIRECTORY/night-crew" "root:night-crew 2770"
registrarctl orgs add night-crew grace >/dev/null
until_true 30 has_members crewtwo,grace
registrarctl orgs remove night-crew grace >/dev/null
until_true 30 has_members crewtwo
finish
