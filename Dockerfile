FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/srv/static \
    STAGING_DIR=/srv/staging \
    NUMBA_CACHE_DIR=/srv/compiled

WORKDIR /srv/infosum-auth

COPY requirements/run.txt requirements/run.txt
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/run.txt

COPY . .

# The settings ask for secrets, but collecting files uses none: these are no one's.
RUN SECRET_KEY=build \
    MASTER_KEYS="build:$(head -c 32 /dev/zero | base64)" \
    DATABASE_URL=postgres://build@localhost/build \
    python manage.py collectstatic --no-input \
    # Web and workers share the staged files, which are sealed; nobody else may read them.
    # The checkout may have been made for its owner's eyes only.
    && chmod -R a+rX . \
    && useradd --system --no-create-home infosum \
    && install --directory --owner infosum --mode 700 /srv/staging /srv/compiled

USER infosum
# For processors like this one; a worker on another compiles anew when it starts.
RUN python -m exports.engine.vectorized.warming
VOLUME /srv/staging
EXPOSE 8000

# Its control socket would need a home folder.
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "16", "--no-control-socket", "infosum_auth.wsgi"]
