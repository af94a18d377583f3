# Code alone, on the base by name: rampart looks for it in the environment's registry.
FROM finbert-rag/api-base

WORKDIR /app

# Owners are given here and never changed later: a `chown -R` would copy what it touches into this layer.
COPY --chown=10001:10001 app/ ./app/

USER 10001:10001
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]

CMD ["python", "-m", "app.main"]
