# The pages of one's own account.
account-tab-overview = How to get in
account-mend = Some fields have to be mended; see the words beside them.
account-own-password = Your password
account-in-title = How do I get in?
account-in-keys = The first time, ssh asks whether it is talking to the right host. It is, if the fingerprint that it shows is one of these:
account-in-no-key = You have no SSH key here yet, so you log in by password. <a href="/account/keys">Add a key</a>
account-mail-title = Mail
account-mail-address = Your mail address is <code>{ $address }</code>.
account-mail-read = Log in and type <code>neomutt</code> to read and write mail; it is set up. The mails lie in <code>~/Maildir</code>.
account-web-title = Web pages
account-web-directory = What you put into <code>~/public</code> is for everyone to read.
account-web-address = It is served at <a href="{ $address }">{ $address }</a>.
account-safer-title = Safer
account-safer = Your account has no second factor: whoever learns your password is in. <a href="/account/second-factor">Set one up</a>
account-facts-title = Your account
account-personal-address = Where mail about the account goes
account-member-since = Member since
account-last-login = Last login here
account-host-password = your password
account-host-keys = your SSH keys
account-host-due = The host does not have { $what } yet, as you changed it here; it is being brought there.
account-host-refused = The host does not take { $what } as you changed it here: { $reason }

profile-title = Profile
profile-lead = What you tell of yourself. All that is optional here can stay empty.
profile-name-hint = How others call you.
profile-bio = About you
profile-bio-hint = At most 2000 characters.
profile-links = Links
profile-links-hint = One a line, at most 10: https, http, gemini or gopher.
profile-button = Save
profile-changed = Your profile is saved.

password-title = Change the password
password-lead = Everyone else who is logged in to your account is logged out. The host follows within seconds.
password-current = Present password
password-button = Change the password
password-changed = Your password is changed. The host follows within seconds.

keys-title = SSH keys
keys-none = No key is kept here.
keys-count = { $count ->
    [one] One key opens your account on the host.
   *[other] { $count } keys open your account on the host.
}
keys-added-at = added
keys-remove = Remove
keys-removed = The key is removed. The host follows within seconds.
keys-add-title = Add keys
keys-paste = SSH public keys
keys-paste-hint = One a line, such as the one in ~/.ssh/id_ed25519.pub. Never paste the file without .pub, that one is secret.
keys-label = What to call it
keys-label-hint = For a single key; otherwise each is called by its comment.
keys-add = Add
keys-added-one = The key is added. The host follows within seconds.
keys-added = { $count } keys are added. The host follows within seconds.
keys-told = You are told by mail of every key that is added or removed.

factor-title = Second factor
factor-is-totp = A login asks for a code of your authenticator.
factor-is-mail = A login asks for a code that is mailed to you.
factor-is-none = A login asks for the password alone.
factor-required = Your role must have a second factor; without an authenticator, codes are mailed.
factor-totp-title = Authenticator
factor-totp-words = An app on your telephone or computer that shows a new code every half minute.
factor-set-up = Set up an authenticator
factor-disable = Switch the authenticator off
factor-mail-title = Codes by mail
factor-mail-words = A code is sent to the address of your account at each login, unless you have an authenticator.
factor-mail-on = Switch codes by mail on
factor-mail-off = Switch codes by mail off
factor-mail-is-on = Codes by mail are on. You are logged out everywhere else.
factor-mail-is-off = Codes by mail are off. You are logged out everywhere else.
factor-disabled = The authenticator is off. You are logged out everywhere else.
factor-confirm = Type your password to go on.
factor-code-hint = Of your authenticator, or one of your recovery codes.
factor-scan = Scan this with your authenticator:
factor-type = Or type this key into it:
factor-scan-again = If you have not scanned the code, <a href="/account/second-factor">start again</a>.
factor-first-code = Then type the code that it shows. From then on logins ask for one, and you are logged out everywhere else.
factor-confirm-button = Take it into use
factor-codes-title = Recovery codes
factor-codes-left = { $left ->
    [0] You have none.
    [one] You have one that was not used.
   *[other] You have { $left } that were not used.
}
factor-new-codes = Make new recovery codes
factor-codes-lead = Write these down. They are shown this once.
factor-codes-keep = Each works once in place of a code, when neither authenticator nor mail is at hand. Those that you had before don't work any more.
factor-codes-done = I have them

sessions-title = Sessions
sessions-lead = Where you are logged in.
sessions-unnamed = A program without a name
sessions-this = this one
sessions-pages = pages
sessions-program = a program
sessions-used = used
sessions-began = began
sessions-end = Log out
sessions-ended = That session is logged out.
sessions-everywhere-title = Everywhere
sessions-everywhere-words = Ends all of them, this one too. Connections by ssh are not sessions and stay.
sessions-everywhere = Log out everywhere

invites-title = Invites
invites-made = Pass this link on. It is shown this once; an invite for one address was mailed as well.
invites-make-title = Invite someone
invites-make = Make an invite
invites-may-not = You may not invite people.
invites-enough = You have invited as many people as you may. Take an open invite back first.
invites-role = As
invites-email = For the address
invites-email-hint = Only it can sign up then, and it gets a mail. Leave it empty for a link that you pass on yourself.
invites-message = A word to them
invites-message-hint = At most 500 characters, without links.
invites-uses = For how many
invites-uses-hint = 1 to 200; more than one for plain members only.
invites-organization = Organization
invites-organization-hint = For its admin: how the one is called that begins when they accept.
invites-organization-slug = Its short name
invites-organization-slug-hint = Made of the name when left out. Alone: an organization that there is.
invites-own-title = Your invites
invites-for-anyone = { $uses ->
    [one] For who has the link
   *[other] For { $uses } who have the link
}
invites-made-at = made
invites-until = until
invites-joined = Joined by it:
invites-revoke = Take back
invites-revoked = The invite is taken back.
invites-open = open
invites-claimed = someone is signing up with it
invites-used = used up
invites-taken-back = taken back
invites-expired = expired
invites-tree-title = Who brought whom
invites-sponsor = { $name } brought you here.
invites-no-sponsor = You came here by yourself.
invites-tree-empty = Nobody has come by you yet.

organization-title = Organization
organization-none = You belong to no organization. An admin of the site can take you into one.
organization-group = Group on the host
organization-directory = Shared directory
organization-host = On the host
organization-host-in-step = The group is there, with its members.
organization-host-due = The host is being brought up to date.
organization-host-refused = The host does not have it so. Those who run the organization see why.
organization-host-refused-why = The host refuses: { $reason }. An admin of the site can help.
organization-factor = Second factor at login
organization-factor-none = what each has chosen
organization-factor-totp = a code of the authenticator, or a mailed one
organization-factor-email = a mailed code
organization-factor-hint = Holds from each member's next login on. Nobody is logged out, and nobody locked out: who has no authenticator gets a mailed code.
organization-run-by = Run by
organization-run-by-nobody = nobody at present
organization-since = Since
organization-left-out = Not in the group, as the host has no account of theirs that is in use: { $names }
organization-members = Members
organization-suspended = suspended
organization-take-out = Take out
organization-take-out-words = The account stays, without the group and its directory.
organization-take-out-yes = Take { $name } out
organization-taken-out = Taken out. The host follows within seconds.
organization-leave = Leave
organization-leave-words = You run it no more then, and your account leaves the group and its directory. Only an admin of the site can take you in again.
organization-leave-yes = Leave the organization
organization-left = You have left the organization. The host follows within seconds.
organization-more = More members
organization-invite = Invite someone into it
organization-change = Change it
organization-name = Name
organization-changed = Saved.

role-super-admin = super admin
role-site-admin = site admin
role-operator = operator
role-client-admin = admin of an organisation
role-client-user = member

data-title = Your data
data-export-title = Take your data with you
data-export-words = One JSON file with all that the registrar knows of you. Files and mails on the host are not in it; copy them with scp or rsync.
data-export = Download
data-delete-title = Delete the account
data-delete-words = You are logged out at once and can't come back in. For { $days ->
    [one] one day
   *[other] { $days } days
} an admin can bring the account back; then all that is personal is taken out of the records. The name is never given to anyone else.
data-delete = Delete my account
data-deleted = Your account is deleted.
