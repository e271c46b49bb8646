# Startseite, Registrierung, Bestätigung, vergessene Passwörter, Fehler.
home-sign-up = Registrieren
home-get-title = Was du bekommst
home-get-account = Ein Linux-Konto auf { $domain }: <code>ssh NAME@{ $domain }</code>
home-get-mail = Eine Mailadresse, NAME@{ $domain }, gelesen mit neomutt in deinem Terminal
home-get-home = Platz für deine Dateien und ein öffentliches Verzeichnis für deine Seiten
home-how-title = Wie es geht
home-how-form = Füll das Formular aus. Es dauert eine Minute.
home-how-mail = Öffne die Mail, die wir dir schicken, um zu zeigen, dass die Adresse deine ist.
home-how-login = Melde dich mit ssh an.
home-before-title = Schon registriert?
home-before = Deine Registrierung hat eine eigene Seite, <code>{ $url }/signup/status/NAME</code>.
home-members-title = Du bist Mitglied
home-members = Schlüssel, Passwort, wie du hineinkommst: <a href="/account">dein Konto</a>.

places-taken = { $taken ->
    [one] Einer von { $all } Plätzen ist vergeben.
   *[other] { $taken } von { $all } Plätzen sind vergeben.
}
places-full = Alle { $all } Plätze sind vergeben. Sieh später wieder nach, oder bitte die, die die Gemeinschaft betreiben, um eine Einladung: Mit deren Einladung geht es trotzdem.

signup-title = Registrieren
signup-mend = Einige Felder müssen geändert werden; sieh die Worte daneben. Gib das Passwort noch einmal ein, es wird nicht behalten.
signup-name-taken = Dieser Name ist nicht zu haben; such dir einen anderen aus. Gib das Passwort noch einmal ein, es wird nicht behalten.
signup-more = Mehr über dich, wenn du magst
signup-button = Registrieren
signup-kept = Deine Adresse behalten wir, um dich wegen deines Kontos zu erreichen; sonst sieht sie niemand.
signup-invited-by = { $name } hat dich eingeladen.
signup-invited = Du bist eingeladen.
signup-invited-address = Die Einladung gilt { $address }: Registriere dich mit dieser Adresse.
signup-invited-until = Sie gilt bis { $until }.
signup-invite-over = Diese Einladung gilt nicht mehr: Sie wurde benutzt, zurückgenommen oder ist abgelaufen. Bitte um eine neue.
signup-name-free = { $name } ist frei.
signup-strong = Dieses Passwort ist schwer zu erraten.
signup-fair = Dieses Passwort geht; ein längeres ist schwerer zu erraten.
form-optional = (freiwillig)

verify-title = Bestätige deine Adresse
verify-done-title = Deine Adresse ist bestätigt
verify-ask = Das registriert { $name }@{ $domain } für dich.
verify-button = Ja, das ist meine Adresse
verify-not-me = Wenn du dich hier nicht registriert hast, schließ diese Seite; dann geschieht nichts.
verify-done = Danke. Dein Konto wird freigeschaltet; das dauert ein paar Sekunden.
verify-before = Dieser Link hat seine Arbeit schon getan; es gibt nichts mehr damit zu tun.
verify-status = Sieh nach, <a href="{ $status }">wie deine Registrierung steht</a>. Wenn sie abgeschlossen ist, melde dich an mit
verify-mail = und tippe <code>neomutt</code>, um deine Mail zu lesen.

recover-title = Passwort vergessen?
recover-link-title = Wähle ein neues Passwort
recover-done-title = Dein Passwort ist geändert
recover-who = Benutzername oder E-Mail-Adresse
recover-who-hint = Wir schicken einen Link an die Adresse deines Kontos. Öffne ihn, um ein neues Passwort zu wählen.
recover-send = Schickt mir die Mail
recover-sent = Wenn es ein Konto mit diesem Namen oder dieser bestätigten Adresse gibt, ist eine Mail mit einem Link und einem Code an seine Adresse unterwegs. Sie gelten einmal, eine Stunde lang.
recover-open = Öffne den Link der Mail; oder gib ihren Code hier ein.
recover-code = Code
recover-new = Neues Passwort
recover-new-hint = Ein Satz aus 16 oder mehr Zeichen, etwa vier zufällige Wörter; oder mindestens 8 Zeichen mit dreierlei aus: kleine Buchstaben, große, Ziffern, andere. Höchstens 72.
recover-change = Passwort ändern
recover-for = Das gilt dem Konto { $name }.
recover-done = Alle, die in deinem Konto angemeldet waren, sind abgemeldet. Melde dich mit dem neuen Passwort an.
recover-done-host = Es gilt auch für ssh; das dauert ein paar Sekunden.
recover-not-taken = Dieses Passwort wird nicht angenommen; sieh die Worte daneben.
recover-wrong-code = Das ist nicht der Code, oder er nützt nichts mehr. Fünf Codes werden in einer Stunde probiert; der Link der Mail gilt trotzdem.

problem-again = Versuch es in { $seconds ->
    [one] einer Sekunde
   *[other] { $seconds } Sekunden
} wieder.
problem-number = Wenn du jemandem davon erzählst, nenne diese Nummer: <code>{ $id }</code>
