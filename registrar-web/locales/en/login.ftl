login-title = Log in
login-who = Username or e-mail address
login-who-hint = An address works once it is verified.
login-password = Password
login-button = Log in
login-forgot = Forgot your password?
login-no-account = No account yet?
login-wrong = Name or password is wrong. After some failures, logins are refused for a while.
login-limited = Too many failed logins. Try again in { $minutes ->
    [one] one minute
   *[other] { $minutes } minutes
}.
login-suspended = Your account has been suspended and access is denied.
login-deleted = Your account has been deleted and access is denied.
login-unfinished = Name and password are right, but your registration is not complete.
login-unfinished-link = See how it stands
login-first = Log in to see this page.

login-factor-title = One more step
login-factor-totp = Type the code that your authenticator shows, or one of your recovery codes.
login-factor-email = We have sent a code to the address of your account. Type it here, or one of your recovery codes.
login-factor-code = Code
login-factor-button = Go on
login-factor-again = Start again
login-factor-other-mail = No mail? Start again to have another one sent.
login-factor-wrong = This is not the code, or it was used before. { $left ->
    [one] One try is left.
   *[other] { $left } tries are left.
}
login-factor-lapsed = This login has lapsed, or too many codes were wrong. Log in again.

login-news-authenticator = { $name } asks its members for a code at each login: yours is that of your authenticator.
login-news-no-authenticator = { $name } wants its members to log in with an authenticator. You have none yet, so a code is mailed to you at each login; please set one up.
login-news-by-mail = { $name } asks its members for a code at each login, which is mailed to them.
login-news-own-choice = { $name } no longer decides what logins of its members ask for; what you have chosen counts.

login-out = You are logged out.
login-ended-signed-out = You have been logged out. Log in again.
login-ended-password = The password was changed, so this session was ended. Log in with the new one.
login-ended-displaced = This session was ended, because you have begun many others since. Log in again.
login-ended-suspended = Your account has been suspended and access is denied. You have been logged out.
login-ended-deleted = Your account has been deleted and access is denied. You have been logged out.
login-ended-lapsed = You have been away for a while. Log in again.
