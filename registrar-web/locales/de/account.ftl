# Die Seiten des eigenen Kontos.
account-tab-overview = Zugang
account-mend = Einige Felder müssen geändert werden; sieh die Worte daneben.
account-own-password = Dein Passwort
account-in-title = Wie komme ich hinein?
account-in-keys = Beim ersten Mal fragt ssh, ob es mit dem richtigen Rechner spricht. Das tut es, wenn der Fingerabdruck, den es zeigt, einer von diesen ist:
account-in-no-key = Du hast hier noch keinen SSH-Schlüssel und meldest dich mit dem Passwort an. <a href="/account/keys">Schlüssel hinzufügen</a>
account-mail-title = Mail
account-mail-address = Deine Mailadresse ist <code>{ $address }</code>.
account-mail-read = Melde dich an und tippe <code>neomutt</code>, um Mails zu lesen und zu schreiben; es ist eingerichtet. Die Mails liegen in <code>~/Maildir</code>.
account-web-title = Webseiten
account-web-directory = Was du in <code>~/public</code> legst, können alle lesen.
account-web-address = Es ist unter <a href="{ $address }">{ $address }</a> zu sehen.
account-safer-title = Sicherer
account-safer = Dein Konto hat keinen zweiten Faktor: Wer dein Passwort erfährt, ist drin. <a href="/account/second-factor">Richte einen ein</a>
account-facts-title = Dein Konto
account-personal-address = Wohin Mails zum Konto gehen
account-member-since = Mitglied seit
account-last-login = Letzte Anmeldung hier
account-host-password = dein Passwort
account-host-keys = deine SSH-Schlüssel
account-host-due = Der Rechner hat { $what } noch nicht so, wie du es hier geändert hast; es wird gerade dorthin gebracht.
account-host-refused = Der Rechner nimmt { $what } nicht so, wie du es hier geändert hast: { $reason }

profile-title = Profil
profile-lead = Was du von dir erzählst. Was freiwillig ist, kann leer bleiben.
profile-name-hint = So nennen dich andere.
profile-bio = Über dich
profile-bio-hint = Höchstens 2000 Zeichen.
profile-links = Links
profile-links-hint = Einer je Zeile, höchstens 10: https, http, gemini oder gopher.
profile-button = Speichern
profile-changed = Dein Profil ist gespeichert.

password-title = Passwort ändern
password-lead = Alle anderen, die in deinem Konto angemeldet sind, werden abgemeldet. Der Rechner folgt in ein paar Sekunden.
password-current = Jetziges Passwort
password-button = Passwort ändern
password-changed = Dein Passwort ist geändert. Der Rechner folgt in ein paar Sekunden.

keys-title = SSH-Schlüssel
keys-none = Hier liegt kein Schlüssel.
keys-count = { $count ->
    [one] Ein Schlüssel öffnet dein Konto auf dem Rechner.
   *[other] { $count } Schlüssel öffnen dein Konto auf dem Rechner.
}
keys-added-at = hinzugefügt
keys-remove = Entfernen
keys-removed = Der Schlüssel ist entfernt. Der Rechner folgt in ein paar Sekunden.
keys-add-title = Schlüssel hinzufügen
keys-paste = Öffentliche SSH-Schlüssel
keys-paste-hint = Einer je Zeile, etwa der aus ~/.ssh/id_ed25519.pub. Füge nie die Datei ohne .pub ein, die ist geheim.
keys-label = Wie er heißen soll
keys-label-hint = Für einen einzelnen; sonst heißt jeder nach seinem Kommentar.
keys-add = Hinzufügen
keys-added-one = Der Schlüssel ist hinzugefügt. Der Rechner folgt in ein paar Sekunden.
keys-added = { $count } Schlüssel sind hinzugefügt. Der Rechner folgt in ein paar Sekunden.
keys-told = Von jedem Schlüssel, der hinzugefügt oder entfernt wird, sagt dir eine Mail.

factor-title = Zweiter Faktor
factor-is-totp = Eine Anmeldung fragt nach einem Code deines Authenticators.
factor-is-mail = Eine Anmeldung fragt nach einem Code, der dir gemailt wird.
factor-is-none = Eine Anmeldung fragt nur nach dem Passwort.
factor-required = Deine Rolle muss einen zweiten Faktor haben; ohne Authenticator werden Codes gemailt.
factor-totp-title = Authenticator
factor-totp-words = Eine App auf deinem Telefon oder Computer, die jede halbe Minute einen neuen Code zeigt.
factor-set-up = Authenticator einrichten
factor-disable = Authenticator abschalten
factor-mail-title = Codes per Mail
factor-mail-words = Bei jeder Anmeldung wird ein Code an die Adresse deines Kontos geschickt, wenn du keinen Authenticator hast.
factor-mail-on = Codes per Mail einschalten
factor-mail-off = Codes per Mail abschalten
factor-mail-is-on = Codes per Mail sind eingeschaltet. Überall sonst bist du abgemeldet.
factor-mail-is-off = Codes per Mail sind abgeschaltet. Überall sonst bist du abgemeldet.
factor-disabled = Der Authenticator ist abgeschaltet. Überall sonst bist du abgemeldet.
factor-confirm = Gib dein Passwort ein, um weiterzumachen.
factor-code-hint = Von deinem Authenticator, oder einer deiner Wiederherstellungscodes.
factor-scan = Scanne das mit deinem Authenticator:
factor-type = Oder tippe diesen Schlüssel ein:
factor-scan-again = Hast du den Code nicht gescannt, <a href="/account/second-factor">beginne von vorn</a>.
factor-first-code = Gib dann den Code ein, den er zeigt. Von da an fragen Anmeldungen nach einem, und überall sonst wirst du abgemeldet.
factor-confirm-button = In Gebrauch nehmen
factor-codes-title = Wiederherstellungscodes
factor-codes-left = { $left ->
    [0] Du hast keine.
    [one] Du hast einen unbenutzten.
   *[other] Du hast { $left } unbenutzte.
}
factor-new-codes = Neue Wiederherstellungscodes machen
factor-codes-lead = Schreib sie auf. Sie werden nur dieses eine Mal gezeigt.
factor-codes-keep = Jeder gilt einmal anstelle eines Codes, wenn weder Authenticator noch Mail zur Hand ist. Die von vorher gelten nicht mehr.
factor-codes-done = Ich habe sie

sessions-title = Sitzungen
sessions-lead = Wo du angemeldet bist.
sessions-unnamed = Ein Programm ohne Namen
sessions-this = diese hier
sessions-pages = Seiten
sessions-program = ein Programm
sessions-used = benutzt
sessions-began = begonnen
sessions-end = Abmelden
sessions-ended = Diese Sitzung ist abgemeldet.
sessions-everywhere-title = Überall
sessions-everywhere-words = Beendet alle, auch diese hier. Verbindungen mit ssh sind keine Sitzungen und bleiben.
sessions-everywhere = Überall abmelden

invites-title = Einladungen
invites-made = Gib diesen Link weiter. Er wird nur dieses eine Mal gezeigt; eine Einladung für eine Adresse wurde auch gemailt.
invites-make-title = Jemanden einladen
invites-make = Einladung machen
invites-may-not = Du darfst niemanden einladen.
invites-enough = Du hast so viele eingeladen, wie du darfst. Nimm erst eine offene Einladung zurück.
invites-role = Als
invites-email = Für die Adresse
invites-email-hint = Nur mit ihr kann man sich dann registrieren, und sie bekommt eine Mail. Lass sie leer für einen Link, den du selbst weitergibst.
invites-message = Ein Wort dazu
invites-message-hint = Höchstens 500 Zeichen, ohne Links.
invites-uses = Für wie viele
invites-uses-hint = 1 bis 200; mehr als eine nur für einfache Mitglieder.
invites-organization = Organisation
invites-organization-hint = Für ihren Admin: wie die heißt, die mit der Zusage beginnt.
invites-organization-slug = Ihr Kurzname
invites-organization-slug-hint = Leer: aus dem Namen gebildet. Allein: eine Organisation, die es schon gibt.
invites-own-title = Deine Einladungen
invites-for-anyone = { $uses ->
    [one] Für die Person, die den Link hat
   *[other] Für { $uses }, die den Link haben
}
invites-made-at = gemacht
invites-until = bis
invites-joined = Damit gekommen:
invites-revoke = Zurücknehmen
invites-revoked = Die Einladung ist zurückgenommen.
invites-open = offen
invites-claimed = gerade registriert sich jemand damit
invites-used = verbraucht
invites-taken-back = zurückgenommen
invites-expired = abgelaufen
invites-tree-title = Wer wen mitgebracht hat
invites-sponsor = { $name } hat dich hergebracht.
invites-no-sponsor = Du bist von selbst gekommen.
invites-tree-empty = Durch dich ist noch niemand gekommen.

organization-title = Organisation
organization-none = Du gehörst zu keiner Organisation. Wer die Seite betreibt, kann dich in eine aufnehmen.
organization-group = Gruppe auf dem Rechner
organization-directory = Gemeinsames Verzeichnis
organization-host = Auf dem Rechner
organization-host-in-step = Die Gruppe ist da, mit ihren Mitgliedern.
organization-host-due = Der Rechner wird gerade auf den Stand gebracht.
organization-host-refused = Der Rechner hat es nicht so. Wer die Organisation leitet, sieht den Grund.
organization-host-refused-why = Der Rechner weigert sich: { $reason }. Wer die Seite betreibt, kann helfen.
organization-factor = Zweiter Faktor bei der Anmeldung
organization-factor-none = was jedes Mitglied gewählt hat
organization-factor-totp = ein Code des Authenticators, oder einer per Mail
organization-factor-email = ein Code per Mail
organization-factor-hint = Gilt ab der nächsten Anmeldung jedes Mitglieds. Niemand wird abgemeldet und niemand ausgesperrt: Wer keinen Authenticator hat, bekommt einen Code per Mail.
organization-run-by = Geleitet von
organization-run-by-nobody = zurzeit niemandem
organization-since = Seit
organization-left-out = Nicht in der Gruppe, weil der Rechner kein Konto von ihnen hat, das in Gebrauch ist: { $names }
organization-members = Mitglieder
organization-suspended = gesperrt
organization-take-out = Herausnehmen
organization-take-out-words = Das Konto bleibt, ohne die Gruppe und ihr Verzeichnis.
organization-take-out-yes = { $name } herausnehmen
organization-taken-out = Herausgenommen. Der Rechner folgt in ein paar Sekunden.
organization-leave = Verlassen
organization-leave-words = Du leitest sie dann nicht mehr, und dein Konto verlässt die Gruppe und ihr Verzeichnis. Nur wer die Seite betreibt, kann dich wieder aufnehmen.
organization-leave-yes = Organisation verlassen
organization-left = Du hast die Organisation verlassen. Der Rechner folgt in ein paar Sekunden.
organization-more = Weitere Mitglieder
organization-invite = Jemanden in sie einladen
organization-change = Ändern
organization-name = Name
organization-changed = Gespeichert.

role-super-admin = Hauptverwaltung
role-site-admin = Verwaltung
role-operator = Betrieb
role-client-admin = Leitung einer Organisation
role-client-user = Mitglied

data-title = Deine Daten
data-export-title = Nimm deine Daten mit
data-export-words = Eine JSON-Datei mit allem, was der Registrar von dir weiß. Dateien und Mails auf dem Rechner sind nicht darin; kopiere sie mit scp oder rsync.
data-export = Herunterladen
data-delete-title = Konto löschen
data-delete-words = Du wirst sofort abgemeldet und kommst nicht mehr hinein. { $days ->
    [one] Einen Tag
   *[other] { $days } Tage
} lang können die Verwalter das Konto zurückholen; dann wird alles Persönliche aus den Daten genommen. Den Namen bekommt nie jemand anderes.
data-delete = Mein Konto löschen
data-deleted = Dein Konto ist gelöscht.
