#!/usr/bin/env bash
# Walks a running shop with curl, wherever it is: an account, a product, an order, its
# notification, and the errors in both languages. Stops at the first surprise with
# exit code 1. It leaves an account and a cancelled order.
#
#   scripts/smoke.sh                        http://127.0.0.1:8001 to 8004
#   scripts/smoke.sh https://shop.example   four ports of another host: …:8001 to …:8004
#   scripts/smoke.sh USER_URL PRODUCT_URL ORDER_URL NOTIFICATION_URL
#
# SMOKE_LANG   vi or en: the language of the lines it writes (default: that of LANG)
# SMOKE_WAIT   how many seconds an event may take (default 15)
set -euo pipefail

case $# in
0 | 1)
  base=${1:-http://127.0.0.1}
  user=$base:8001 product=$base:8002 order=$base:8003 notification=$base:8004
  ;;
4) user=${1%/} product=${2%/} order=${3%/} notification=${4%/} ;;
*)
  sed -n 's/^# \{0,1\}//; 2,8p' "$0" >&2
  exit 2
  ;;
esac
command -v curl >/dev/null || { echo "missing: curl" >&2; exit 1; }
language=${SMOKE_LANG:-${LANG:-en}}
wait=${SMOKE_WAIT:-15}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
steps=0

# say picks the English or the Vietnamese words.
say() { case $language in vi*) printf '%s' "$2" ;; *) printf '%s' "$1" ;; esac; }

# step names what comes next, in English and Vietnamese.
step() { title=$(say "$1" "$2"); }

surprise() {
  printf '  ✗ %s: %s\n' "$title" "$1" >&2
  exit 1
}

# ask STATUS METHOD URL [curl's arguments…] keeps the answer and wants its status.
ask() {
  local want=$1 method=$2 url=$3 got
  shift 3
  got=$(curl -sS -m 30 -o "$answer" -w '%{http_code}' -X "$method" "$url" "$@" 2>&1) || surprise "$method $url: $got"
  [[ $got =~ ^($want)$ ]] || surprise "$method $url: $(say 'answered' 'trả lời') $got, $(say 'want' 'cần') $want: $(head -c 300 "$answer")"
}

# has wants a text in the answer.
has() { grep -qF -- "$1" "$answer" || surprise "$(say 'no' 'không có') $1: $(head -c 300 "$answer")"; }

# field prints a number or a text of the answer.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$answer" | head -n 1; }

ok() {
  steps=$((steps + 1))
  printf '  ✓ %s\n' "$title"
}

# until repeats a probe until the answer has a text.
until_has() {
  local text=$1 end=$((SECONDS + wait))
  shift
  while ask "$@" && ! grep -qF -- "$text" "$answer"; do
    [ $SECONDS -lt $end ] || surprise "$(say 'not within' 'không có sau') $wait s: $text"
    sleep 0.2
  done
}

json=(-H 'Content-Type: application/json')
name=smoke_$(date +%s)_$$
password='mật khẩu của smoke'

step 'every service is healthy' 'mọi dịch vụ đều khỏe'
for url in "$user" "$product" "$order" "$notification"; do
  ask 200 GET "$url/health"
  has '"status":"healthy"'
  ask 200 GET "$url/readyz"
done
ok

step "an account: $name" "một tài khoản: $name"
ask 201 POST "$user/register" "${json[@]}" -d "{\"username\":\"$name\",\"password\":\"$password\",\"email\":\"$name@example.com\"}"
ok

step 'a login' 'đăng nhập'
ask 200 POST "$user/login" --data-urlencode "username=$name" --data-urlencode "password=$password"
bearer=(-H "Authorization: Bearer $(field access_token)")
token=$(field access_token)
ask 200 POST "$user/validate-token" "${json[@]}" -d "{\"token\":\"$token\"}"
has '"valid":true'
ok

step 'a wrong password is refused' 'sai mật khẩu bị từ chối'
ask 401 POST "$user/login" --data-urlencode "username=$name" --data-urlencode 'password=another'
has 'Username hoặc password không đúng'
ok

step 'a product' 'một sản phẩm'
ask 401 POST "$product/products" "${json[@]}" -d '{"name":"x","price":1,"quantity":1}'
ask 201 POST "$product/products" "${json[@]}" "${bearer[@]}" -d "{\"name\":\"Bàn phím $name\",\"price\":19.99,\"quantity\":5}"
sold=$(field id)
ask 200 GET "$product/products/$sold"
has '"price":19.99'
ok

step 'an order takes its stock' 'đơn hàng trừ kho'
ask 201 POST "$order/orders" "${json[@]}" "${bearer[@]}" -H "Idempotency-Key: $name" -d "{\"product_id\":$sold,\"quantity\":2}"
has '"total_price":39.98'
placed=$(field id)
until_has '"quantity":3' 200 GET "$product/products/$sold"
ok

step 'the same key is the same order' 'cùng khóa là cùng đơn hàng'
ask 201 POST "$order/orders" "${json[@]}" "${bearer[@]}" -H "Idempotency-Key: $name" -d "{\"product_id\":$sold,\"quantity\":2}"
has "\"id\":$placed,"
ok

step 'too much is refused, in Vietnamese and in English' 'đặt quá số lượng bị từ chối, bằng tiếng Việt và tiếng Anh'
ask 400 POST "$order/orders" "${json[@]}" "${bearer[@]}" -d "{\"product_id\":$sold,\"quantity\":4}"
has 'Sản phẩm không đủ số lượng. Còn lại: 3, Yêu cầu: 4'
ask 400 POST "$order/orders" "${json[@]}" "${bearer[@]}" -H 'Accept-Language: en' -d "{\"product_id\":$sold,\"quantity\":4}"
grep -q 'Sản phẩm' "$answer" && surprise "$(head -c 300 "$answer")"
has '"detail":"'
ok

step "the buyer is notified of order $placed" "người mua được báo về đơn hàng $placed"
until_has "\"order_id\":$placed," 200 GET "$notification/notifications" "${bearer[@]}"
ok

step 'a cancelled order gives its stock back' 'hủy đơn hàng thì trả lại kho'
ask 200 PUT "$order/orders/$placed" "${json[@]}" "${bearer[@]}" -d '{"status":"cancelled"}'
until_has '"quantity":5' 200 GET "$product/products/$sold"
ok

# Behind the edge there is no such path; without it the service refuses.
step 'nothing internal is public' 'đường dẫn nội bộ không công khai'
for url in "$user/internal/users/1/contact" "$user/metrics" "$order/metrics" "$notification/metrics"; do ask '403|404' GET "$url"; done
ok

step 'a token is void after the logout' 'token hết hiệu lực sau khi đăng xuất'
ask 204 DELETE "$product/products/$sold" "${bearer[@]}"
ask 204 POST "$user/logout" "${bearer[@]}"
ask 401 GET "$order/orders" "${bearer[@]}"
has 'Token không hợp lệ hoặc đã hết hạn'
ok

printf '%d %s\n' $steps "$(say 'steps, no surprise' 'bước, không có gì bất ngờ')"
