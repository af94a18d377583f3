# Runs at each boot: by cloud-init at the first, by a unit of systemd at every later one (a warm pool stops instances).
# Secrets live in memory alone: in the environment of this script, and in what Docker and containerd keep of containers,
# which is on tmpfs here. Nothing of this is run with -x.
set -euo pipefail
umask 077

imds() {
  local token
  token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
  curl -sf -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

instance=$(imds instance-id)
export AWS_DEFAULT_REGION="$region"

# Says it on the console, and in the log group, in a stream of the boot's own.
say() {
  local text="$*"
  echo "rampart: $text"
  # A comma would end the message.
  text=$(printf %s "$text" | tr ',"' ';\047')
  aws logs create-log-stream --log-group-name "$log_group" --log-stream-name "$instance/boot" 2>/dev/null || true
  aws logs put-log-events --log-group-name "$log_group" --log-stream-name "$instance/boot" \
    --log-events "timestamp=$(date +%s000),message=$text" >/dev/null 2>&1 || true
}

# Tells Auto Scaling whether this instance may serve; fails when no hook waits for that.
answer() {
  aws autoscaling complete-lifecycle-action --auto-scaling-group-name "$group" --lifecycle-hook-name "$hook" \
    --instance-id "$instance" --lifecycle-action-result "$1" >/dev/null 2>&1
}

line=0
gave_up() {
  local code=$?
  [ "$code" -eq 0 ] && return
  rm -rf "${DOCKER_CONFIG:-}"
  say "boot failed in line $line with code $code; the instance is given up"
  answer ABANDON || true
}
# The line of what failed: in a trap on EXIT there is none any more.
trap 'line=$LINENO' ERR
trap gave_up EXIT
set -E

# All is ready. There is no hook to answer when it only booted again. One that waits in a running pool does not boot
# when it is called, and has a hook to answer then:
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
serve() {
  local state
  state=$(imds autoscaling/target-lifecycle-state 2>/dev/null || true)
  answer CONTINUE || true
  say "ready after $SECONDS s"
  [ "$state" = Warmed:Running ] || return 0
  {
    until [ "$(imds autoscaling/target-lifecycle-state 2>/dev/null || true)" = InService ]; do sleep 5; done
    for _ in {1..60}; do
      answer CONTINUE && break
      sleep 2
    done
  } </dev/null >/dev/null 2>&1 &
}

again_at_boot() {
  [ -e /etc/systemd/system/rampart.service ] && return
  install -m 0700 "$0" /usr/local/sbin/rampart-start
  cat >/etc/systemd/system/rampart.service <<'UNIT'
[Unit]
Description=Start the released containers
After=network-online.target docker.service
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/rampart-start

[Install]
WantedBy=multi-user.target
UNIT
  systemctl enable rampart.service
}

# Amazon Linux takes packages as they were when its image was made: every boot gets the same ones.
have() {
  command -v "$1" >/dev/null || dnf install -y -q "$2"
}

# Where the environment of containers is written down: by Docker, and by containerd, whose records Docker makes anew.
records='/var/lib/docker/containers /var/lib/containerd/io.containerd.metadata.v1.bolt'

engine() {
  local place
  have docker docker
  for place in $records; do
    mountpoint -q "$place" && continue
    # Whoever runs holds these files open.
    systemctl stop docker.socket docker.service containerd.service 2>/dev/null || true
    rm -rf "$place"
    mkdir -p "$place"
    mount -t tmpfs -o mode=0700,size=64m tmpfs "$place"
  done
  systemctl enable --now docker
  export DOCKER_CONFIG=/run/rampart-docker
  mkdir -p "$DOCKER_CONFIG"
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >/dev/null
  docker network inspect app >/dev/null 2>&1 || docker network create app >/dev/null
}

# model_cache FILE_SYSTEM ACCESS_POINT
model_cache() {
  have mount.efs amazon-efs-utils
  mkdir -p /mnt/models
  mountpoint -q /mnt/models || mount -t efs -o "tls,iam,accesspoint=$2,ro" "$1":/ /mnt/models
}

# secret VARIABLE SECRET [KEY]: its value goes from a pipe into a variable, and never into an argument.
secret() {
  local value
  value=$(aws secretsmanager get-secret-value --secret-id "$2" --query SecretString --output text)
  if [ -n "${3:-}" ]; then
    value=$(printf %s "$value" | python3 -c 'import json, sys
value = json.load(sys.stdin)[sys.argv[1]]
print(value if isinstance(value, str) else json.dumps(value))' "$3")
  fi
  export "$1=$value"
}

# pull IMAGE
pull() {
  docker image inspect "$1" >/dev/null 2>&1 && [[ $1 == *@sha256:* ]] && return
  for wait in 2 4 8 16 0; do
    docker pull -q "$1" >/dev/null && return
    [ "$wait" -gt 0 ] && sleep "$wait"
  done
  say "image $1 can not be pulled"
  return 1
}

# start NAME IMAGE PORT OPTION…
start() {
  local name=$1 image=$2 port=$3
  shift 3
  docker rm -f "$name" >/dev/null 2>&1 || true
  docker run --detach --name "$name" --network app --publish "$port:$port" --restart always \
    --log-driver awslogs --log-opt awslogs-region="$region" --log-opt awslogs-group="$log_group" \
    --log-opt awslogs-stream="$instance/$name" --log-opt cache-disabled=true \
    --log-opt mode=non-blocking --log-opt max-buffer-size=16m \
    "$@" "$image" >/dev/null
}

# ready NAME PORT PATH: waits until it answers 200, or the instance's time is over.
ready() {
  until curl -sf -o /dev/null --max-time 5 "http://127.0.0.1:$2$3"; do
    if [ "$SECONDS" -ge "$start_timeout" ]; then
      say "$1 was not ready after $SECONDS s: $3 did not answer 200"
      return 1
    fi
    sleep 2
  done
}

again_at_boot
engine
