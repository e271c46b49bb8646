login-title = Anmelden
login-who = Benutzername oder E-Mail-Adresse
login-who-hint = Eine Adresse gilt, sobald sie bestätigt ist.
login-password = Passwort
login-button = Anmelden
login-forgot = Passwort vergessen?
login-no-account = Noch kein Konto?
login-wrong = Name oder Passwort ist falsch. Nach einigen Fehlversuchen werden Anmeldungen eine Weile abgelehnt.
login-limited = Zu viele fehlgeschlagene Anmeldungen. Versuche es in { $minutes ->
    [one] einer Minute
   *[other] { $minutes } Minuten
} wieder.
login-suspended = Dein Konto ist gesperrt, der Zugang ist verwehrt.
login-deleted = Dein Konto ist gelöscht, der Zugang ist verwehrt.
login-unfinished = Name und Passwort stimmen, aber deine Registrierung ist noch nicht abgeschlossen.
login-unfinished-link = Sieh nach, wie sie steht
login-first = Melde dich an, um diese Seite zu sehen.

login-factor-title = Noch ein Schritt
login-factor-totp = Gib den Code ein, den dein Authenticator zeigt, oder einen deiner Wiederherstellungscodes.
login-factor-email = Wir haben einen Code an die Adresse deines Kontos geschickt. Gib ihn hier ein, oder einen deiner Wiederherstellungscodes.
login-factor-code = Code
login-factor-button = Weiter
login-factor-again = Von vorn beginnen
login-factor-other-mail = Keine Mail? Beginne von vorn, dann kommt eine neue.
login-factor-wrong = Das ist nicht der Code, oder er wurde schon benutzt. { $left ->
    [one] Ein Versuch bleibt.
   *[other] { $left } Versuche bleiben.
}
login-factor-lapsed = Diese Anmeldung ist verfallen, oder zu viele Codes waren falsch. Melde dich noch einmal an.

login-news-authenticator = { $name } fragt Mitglieder bei jeder Anmeldung nach einem Code: deiner ist der deines Authenticators.
login-news-no-authenticator = { $name } möchte, dass sich Mitglieder mit einem Authenticator anmelden. Du hast noch keinen, deshalb wird dir bei jeder Anmeldung ein Code gemailt; richte bitte einen ein.
login-news-by-mail = { $name } fragt Mitglieder bei jeder Anmeldung nach einem Code, der ihnen gemailt wird.
login-news-own-choice = { $name } entscheidet nicht mehr, wonach Anmeldungen der Mitglieder fragen; es gilt, was du gewählt hast.

login-out = Du bist abgemeldet.
login-ended-signed-out = Du wurdest abgemeldet. Melde dich wieder an.
login-ended-password = Das Passwort wurde geändert, deshalb ist diese Sitzung beendet. Melde dich mit dem neuen an.
login-ended-displaced = Diese Sitzung ist beendet, weil du seither viele andere begonnen hast. Melde dich wieder an.
login-ended-suspended = Dein Konto ist gesperrt, der Zugang ist verwehrt. Du wurdest abgemeldet.
login-ended-deleted = Dein Konto ist gelöscht, der Zugang ist verwehrt. Du wurdest abgemeldet.
login-ended-lapsed = Du warst eine Weile weg. Melde dich wieder an.
