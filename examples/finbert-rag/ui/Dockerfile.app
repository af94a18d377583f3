# Code alone, on the base by name: rampart looks for it in the environment's registry.
FROM finbert-rag/ui-base

WORKDIR /app
COPY --chown=10001:10001 server.py index.html ./

ENV PORT=8501 \
    API_URL=http://api:8000

USER 10001:10001
EXPOSE 8501

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=2)"]

CMD ["python", "server.py"]
