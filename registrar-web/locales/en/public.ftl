# Home, sign-up, verification, forgotten passwords, errors.
home-sign-up = Sign up
home-get-title = What you get
home-get-account = A Linux account on { $domain }: <code>ssh NAME@{ $domain }</code>
home-get-mail = A mail address, NAME@{ $domain }, read with neomutt in your terminal
home-get-home = A home for your files and a public directory for your pages
home-how-title = How it goes
home-how-form = Fill in the form. It takes a minute.
home-how-mail = Open the mail that we send you, to show that the address is yours.
home-how-login = Log in with ssh.
home-before-title = Signed up already?
home-before = Your registration has a page of its own, <code>{ $url }/signup/status/NAME</code>.
home-members-title = You are a member
home-members = Keys, password, how to get in: <a href="/account">your account</a>.

places-taken = { $taken ->
    [one] One of { $all } places is taken.
   *[other] { $taken } of { $all } places are taken.
}
places-full = All { $all } places are taken. Look again later, or ask those who run the community for an invite: theirs bring people in all the same.

signup-title = Sign up
signup-mend = Some fields have to be mended; see the words beside them. Type the password again, it is not kept.
signup-name-taken = This name can't be had; choose another one. Type the password again, it is not kept.
signup-more = More about you, if you like
signup-button = Sign up
signup-kept = Your address is kept to reach you about your account; nobody else sees it.
signup-invited-by = { $name } has invited you.
signup-invited = You have been invited.
signup-invited-address = The invite is for { $address }: sign up with that address.
signup-invited-until = It can be used until { $until }.
signup-invite-over = This invite can't be used any more: it was used, taken back, or has expired. Ask for another one.
signup-name-free = { $name } is available.
signup-strong = This password is hard to guess.
signup-fair = This password is taken; a longer one is harder to guess.
form-optional = (optional)

verify-title = Verify your address
verify-done-title = Your address is verified
verify-ask = This registers { $name }@{ $domain } for you.
verify-button = Yes, this is my address
verify-not-me = If you did not sign up here, close this page; nothing happens then.
verify-done = Thank you. Your account is being unlocked; that takes a few seconds.
verify-before = This link has done its work before; there is nothing left to do with it.
verify-status = See <a href="{ $status }">how your registration stands</a>. When it is complete, log in with
verify-mail = and type <code>neomutt</code> to read your mail.

recover-title = Forgot your password?
recover-link-title = Choose a new password
recover-done-title = Your password is changed
recover-who = Username or e-mail address
recover-who-hint = We send a link to the address of your account. Open it to choose a new password.
recover-send = Send me the mail
recover-sent = If there is an account of this name or verified address, a mail with a link and a code is on its way to its address. They work once, for an hour.
recover-open = Open the link of the mail; or type its code here.
recover-code = Code
recover-new = New password
recover-new-hint = A phrase of 16 or more characters, such as four random words; or at least 8 characters with three of: small letters, capitals, digits, others. At most 72.
recover-change = Change the password
recover-for = This is for the account { $name }.
recover-done = Everyone who was logged in to your account is logged out. Log in with the new password.
recover-done-host = It is the one for ssh, too; that takes a few seconds.
recover-not-taken = This password is not taken; see the words beside it.
recover-wrong-code = This is not the code, or it is of no use any more. Five codes are tried in an hour; the link of the mail works all the same.

problem-again = Try again in { $seconds ->
    [one] one second
   *[other] { $seconds } seconds
}.
problem-number = If you tell someone about this, give them this number: <code>{ $id }</code>
