# Der Rahmen jeder Seite.
site-skip = Zum Inhalt springen
site-nav = Seiten
site-sign-up = Registrieren
site-log-in = Anmelden
site-log-out = Abmelden
site-account = Konto
site-admin = Verwaltung
site-signed-in = Angemeldet als { $name }
site-first-page = Zur Startseite
