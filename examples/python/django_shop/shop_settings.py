"""The settings of the shop."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent

# Sessions are in the sidecar. Django's own middleware handles the cookie.
SESSION_ENGINE = "session_sidecar.django"
SESSION_SIDECAR = {"ADDRESS": os.environ.get("SIDECAR_ADDRESS", "localhost:50051")}
MESSAGE_STORAGE = "session_sidecar.django.MessageStorage"

ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DATABASE", FOLDER / "shop.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
]
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop_urls"
SECRET_KEY = os.environ.get("SECRET_KEY", "only for this example")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [FOLDER / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
USE_TZ = True
WSGI_APPLICATION = "shop_wsgi.application"
