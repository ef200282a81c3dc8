// vbench: measures a Twilio Media Streams <-> OpenAI Realtime bridge from outside.
// One process and one clock play both ends: the fake OpenAI server and N fake Twilio calls.
#include "util.h"
#include <algorithm>
#include <arpa/inet.h>
#include <dirent.h>
#include <deque>
#include <errno.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
using std::string;
using std::string_view;

static const i64 MS = 1000000, SEC = 1000000000LL;

// ---------------------------------------------------------------- options
struct Opt {
  string name = "bridge", cmd, cwd = ".", log = "/dev/null", webhook = "/incoming-call", wspath = "/media-stream", method = "POST";
  string token, base, scen = "ramp,storm,barge", host;
  std::vector<string> env;
  int pid = 0, port = 5050, oport = 9100;
  bool oany = false;
  std::vector<int> levels = {1, 50, 100, 200, 400, 800, 1600, 2400};
  double secs = 5, settle = 2, p99 = 20, rate = 200, ready = 30, fresh_settle = 3;
  int confirm = 1, probe = 10, period = 2000, gap = 50, bisect = 3, cpub = 0, cpug = 1;
  bool burst = true;
  int storm = 200, storm_ms = 1000, storm_secs = 5, delay = 300, barge_ms = 4000, barge_n = 50;
} opt;
static std::vector<int> delta_ms = {200, 320, 400, 240};

// ---------------------------------------------------------------- state
struct Call; struct OA;
struct Conn {
  int fd = -1, kind = 0;  // 0 listen, 1 openai side, 2 twilio webhook, 3 twilio ws
  bool ws = false, connecting = false, dead = false, wantw = false, client = false;
  string in, out, frag;
  int fragop = 0;
  int ref = -1;
};
struct Call {
  int id = 0, oa = -1;
  Conn* c = nullptr;
  int st = 0;  // 0 idle 1 webhook 2 ws connecting 3 live 4 closing 5 done/failed
  bool failed = false, dropped = false, hung = false;
  string sid, csid, path, params, post;
  uint32_t seq = 0, twseq = 1;
  i64 t_hook = 0, t_twiml = 0, t_ws = 0, t_first_tx = 0, t_first_rx = 0;
  uint32_t first_rx_seq = 0, up_total = 0, pre_cfg = 0, up_max = 0;
  uint32_t seen[1024];
  uint32_t down_next = 0, rt_next = 0;
  std::vector<uint8_t> acc;
  i64 play_end = 0, resp_rx_ms = 0, snap_t = 0;
  uint32_t resp_no = 0;
  double snap_played = 0;
  std::deque<std::pair<i64, string>> marks;
  uint32_t stop_frames_at = 0;
};
struct OA {
  int id = 0, call = -1;
  Conn* c = nullptr;
  bool beta = false, cancelled = false, script = false, resp_open = false;
  int updates = 0, resp = 0, step = 0;
  uint32_t dseq = 0;
  i64 t_open = 0, t_cfg = 0, t_barge = 0;
  bool barge_pending = false;
  string key, proto;
  std::vector<uint8_t> acc;
};
static std::vector<std::unique_ptr<Call>> calls;
static std::vector<std::unique_ptr<OA>> oas;
static std::vector<Conn*> graveyard;
static int ep = -1, oa_open = 0;
static i64 accept_delay = 0;
static bool barge_on = false;

struct Win {
  i64 w0 = INT64_MAX, w1 = INT64_MAX;
  std::vector<uint32_t> up, down, rt, late, clear, loop;
  std::vector<int> trunc;
  uint64_t up_sent = 0, up_rx = 0, up_dup = 0, up_reorder = 0, corrupt = 0, cross = 0;
  uint64_t down_sent = 0, down_rx = 0, down_bad = 0, rt_sent = 0, rt_rx = 0, rt_bad = 0;
  uint64_t marks_rx = 0, marks_tx = 0, clears = 0, bad_sid = 0, appends = 0, truncs = 0, blocks = 0, barges = 0, proto_err = 0, blocked = 0, rsv = 0;
  uint64_t unknown_tw = 0;
} W;
static inline bool inw(i64 t) { return t >= W.w0 && t < W.w1; }

struct Ev { i64 t; int type; int id; int x; bool operator<(const Ev& o) const { return t > o.t; } };
enum { T_FRAME, T_MARK, T_BURST, T_ACCEPT, T_DIAL, T_KILL };
static std::priority_queue<Ev> heap;
static void at(i64 t, int type, int id, int x = 0) { heap.push({t, type, id, x}); }

static uint8_t PAT[160];
static char PATB64[256];  // base64 of PAT[21..160)

// ---------------------------------------------------------------- sockets
static void conn_dead(Conn* c);
static void flush_out(Conn* c) {
  while (!c->out.empty()) {
    ssize_t r = send(c->fd, c->out.data(), c->out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r < 0) { if (errno == EAGAIN) break; conn_dead(c); return; }
    c->out.erase(0, r);
  }
  bool w = !c->out.empty();
  if (w != c->wantw) {
    c->wantw = w;
    epoll_event e{};
    e.events = EPOLLIN | (w ? (uint32_t)EPOLLOUT : 0u); e.data.ptr = c;
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  }
}
static void raw_send(Conn* c, const char* p, size_t n) {
  if (c->dead) return;
  if (c->out.empty()) {
    ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r < 0) { if (errno != EAGAIN) { conn_dead(c); return; } r = 0; }
    if ((size_t)r == n) return;
    W.blocked++;
    c->out.assign(p + r, n - r);
    flush_out(c);
  } else {
    c->out.append(p, n);
    if (c->out.size() > (8u << 20)) conn_dead(c);
  }
}
static char sbuf[1 << 17];
static void ws_send(Conn* c, int op, string_view m) {
  if (c->dead || m.size() > sizeof(sbuf) - 64) return;
  char* body = sbuf + 32;
  memcpy(body, m.data(), m.size());
  uint32_t k = c->client ? (uint32_t)rng() : 0;
  if (c->client) xor_mask(body, m.size(), k);
  char* h = ws_head(body, op, m.size(), c->client, k);
  raw_send(c, h, body + m.size() - h);
}
static void ws_pack(string& o, string_view m) {  // server side, unmasked, several frames per send
  char h[16];
  char* p = ws_head(h + 16, 1, m.size(), false, 0);
  o.append(p, h + 16 - p);
  o.append(m);
}
static Conn* add_conn(int fd, int kind, bool connecting) {
  Conn* c = new Conn();
  c->fd = fd; c->kind = kind; c->connecting = connecting; c->wantw = connecting;
  epoll_event e{};
  e.events = EPOLLIN | (connecting ? (uint32_t)EPOLLOUT : 0u); e.data.ptr = c;
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
  return c;
}
static Conn* dial(int kind) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in a{};
  a.sin_family = AF_INET; a.sin_port = htons(opt.port); a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int r = connect(fd, (sockaddr*)&a, sizeof a);
  if (r < 0 && errno != EINPROGRESS) { close(fd); return nullptr; }
  Conn* c = add_conn(fd, kind, true);
  c->client = true;
  return c;
}
static void conn_dead(Conn* c) {
  if (c->dead) return;
  c->dead = true;
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, nullptr);
  close(c->fd);
  graveyard.push_back(c);
  if (c->kind == 1 && c->ref >= 0) { oas[c->ref]->c = nullptr; if (oas[c->ref]->t_open) oa_open--; }
  if (c->kind >= 2 && c->ref >= 0) {
    Call* k = calls[c->ref].get();
    if (k->c == c) {
      k->c = nullptr;
      if (k->st == 3) { k->dropped = !k->hung; k->st = 5; }
      else if (k->st < 3) { k->failed = true; k->st = 5; }
      else k->st = 5;
    }
  }
}

// ---------------------------------------------------------------- fake OpenAI
static void oa_send(OA* o, string_view m) { if (o->c) ws_send(o->c, 1, m); }
static string fmt(const char* f, ...) {
  char b[8192];
  va_list a;
  va_start(a, f);
  int n = vsnprintf(b, sizeof b, f, a);
  va_end(a);
  return string(b, std::min<int>(n, sizeof b - 1));
}
static uint64_t evno = 0;
static string evid() { return fmt("event_Bx%016llx", (unsigned long long)++evno); }
static string session_obj(OA* o) {
  if (o->beta)
    return fmt("{\"id\":\"sess_%08d\",\"object\":\"realtime.session\",\"model\":\"gpt-4o-realtime-preview\",\"modalities\":[\"audio\",\"text\"],\"instructions\":\"You are a helpful assistant.\",\"voice\":\"alloy\",\"input_audio_format\":\"g711_ulaw\",\"output_audio_format\":\"g711_ulaw\",\"input_audio_transcription\":null,\"turn_detection\":{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":300,\"silence_duration_ms\":200,\"create_response\":true,\"interrupt_response\":true},\"tools\":[],\"tool_choice\":\"auto\",\"temperature\":0.8,\"max_response_output_tokens\":\"inf\",\"expires_at\":1893456000}", o->id);
  return fmt("{\"type\":\"realtime\",\"object\":\"realtime.session\",\"id\":\"sess_%08d\",\"model\":\"gpt-realtime\",\"output_modalities\":[\"audio\"],\"instructions\":\"You are a helpful assistant.\",\"tools\":[],\"tool_choice\":\"auto\",\"max_output_tokens\":\"inf\",\"tracing\":null,\"truncation\":\"auto\",\"prompt\":null,\"expires_at\":1893456000,\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":null,\"noise_reduction\":null,\"turn_detection\":{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":300,\"silence_duration_ms\":200,\"idle_timeout_ms\":null,\"create_response\":true,\"interrupt_response\":true}},\"output\":{\"format\":{\"type\":\"audio/pcmu\"},\"voice\":\"alloy\",\"speed\":1.0}},\"include\":null}", o->id);
}
static string resp_ids(OA* o) { return fmt("\"response_id\":\"resp_%06d_%05d\",\"item_id\":\"item_%06d_%05d\",\"output_index\":0,\"content_index\":0", o->id, o->resp, o->id, o->resp); }
static void put_block(uint8_t* b, char tag, uint32_t id, uint32_t seq, i64 t) {
  memcpy(b, "VB", 2); b[2] = tag; b[3] = '1';
  memcpy(b + 4, &id, 4); memcpy(b + 8, &seq, 4); memcpy(b + 12, &t, 8);
  memcpy(b + 20, PAT + 20, 140);
}
static string resp_obj(OA* o, const char* status) {
  return fmt("{\"object\":\"realtime.response\",\"id\":\"resp_%06d_%05d\",\"status\":\"%s\",\"status_details\":null,\"output\":[{\"id\":\"item_%06d_%05d\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"%s\",\"transcript\":\"Sure, I can help you with that, let me have a look at it.\"}]}],\"conversation_id\":\"conv_%06d\",\"output_modalities\":[\"audio\"],\"max_output_tokens\":\"inf\",\"audio\":{\"output\":{\"format\":{\"type\":\"audio/pcmu\"},\"voice\":\"alloy\"}},\"usage\":{\"total_tokens\":253,\"input_tokens\":132,\"output_tokens\":121,\"input_token_details\":{\"text_tokens\":119,\"audio_tokens\":13,\"image_tokens\":0,\"cached_tokens\":64,\"cached_tokens_details\":{\"text_tokens\":64,\"audio_tokens\":0,\"image_tokens\":0}},\"output_token_details\":{\"text_tokens\":30,\"audio_tokens\":91}},\"metadata\":null}", o->id, o->resp, status, o->id, o->resp, o->beta ? "audio" : "output_audio", o->id);
}
static void oa_finish(OA* o, string& out, const char* status) {
  const char* A = o->beta ? "audio" : "output_audio";
  string ids = resp_ids(o);
  ws_pack(out, fmt("{\"type\":\"response.%s.done\",\"event_id\":\"%s\",%s}", A, evid().c_str(), ids.c_str()));
  ws_pack(out, fmt("{\"type\":\"response.%s_transcript.done\",\"event_id\":\"%s\",%s,\"transcript\":\"Sure, I can help you with that, let me have a look at it.\"}", A, evid().c_str(), ids.c_str()));
  ws_pack(out, fmt("{\"type\":\"response.content_part.done\",\"event_id\":\"%s\",%s,\"part\":{\"type\":\"audio\",\"transcript\":\"Sure, I can help you with that, let me have a look at it.\"}}", evid().c_str(), ids.c_str()));
  if (!o->beta) ws_pack(out, fmt("{\"type\":\"conversation.item.done\",\"event_id\":\"%s\",\"previous_item_id\":null,\"item\":{\"id\":\"item_%06d_%05d\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_audio\",\"transcript\":\"Sure, I can help you with that, let me have a look at it.\"}]}}", evid().c_str(), o->id, o->resp));
  ws_pack(out, fmt("{\"type\":\"response.output_item.done\",\"event_id\":\"%s\",\"response_id\":\"resp_%06d_%05d\",\"output_index\":0,\"item\":{\"id\":\"item_%06d_%05d\",\"object\":\"realtime.item\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"%s\",\"transcript\":\"Sure, I can help you with that, let me have a look at it.\"}]}}", evid().c_str(), o->id, o->resp, o->id, o->resp, o->beta ? "audio" : "output_audio"));
  ws_pack(out, fmt("{\"type\":\"response.done\",\"event_id\":\"%s\",\"response\":%s}", evid().c_str(), resp_obj(o, status).c_str()));
  ws_pack(out, fmt("{\"type\":\"rate_limits.updated\",\"event_id\":\"%s\",\"rate_limits\":[{\"name\":\"tokens\",\"limit\":40000,\"remaining\":39213,\"reset_seconds\":1.18}]}", evid().c_str()));
  o->resp_open = false;
}
static void oa_begin(OA* o, string& out) {
  o->resp++;
  o->cancelled = false;
  o->resp_open = true;
  ws_pack(out, fmt("{\"type\":\"response.created\",\"event_id\":\"%s\",\"response\":{\"object\":\"realtime.response\",\"id\":\"resp_%06d_%05d\",\"status\":\"in_progress\",\"status_details\":null,\"output\":[],\"conversation_id\":\"conv_%06d\",\"output_modalities\":[\"audio\"],\"max_output_tokens\":\"inf\",\"audio\":{\"output\":{\"format\":{\"type\":\"audio/pcmu\"},\"voice\":\"alloy\"}},\"usage\":null,\"metadata\":null}}", evid().c_str(), o->id, o->resp, o->id));
  ws_pack(out, fmt("{\"type\":\"response.output_item.added\",\"event_id\":\"%s\",\"response_id\":\"resp_%06d_%05d\",\"output_index\":0,\"item\":{\"id\":\"item_%06d_%05d\",\"object\":\"realtime.item\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}", evid().c_str(), o->id, o->resp, o->id, o->resp));
  ws_pack(out, fmt("{\"type\":\"conversation.item.%s\",\"event_id\":\"%s\",\"previous_item_id\":null,\"item\":{\"id\":\"item_%06d_%05d\",\"object\":\"realtime.item\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}", o->beta ? "created" : "added", evid().c_str(), o->id, o->resp));
  ws_pack(out, fmt("{\"type\":\"response.content_part.added\",\"event_id\":\"%s\",%s,\"part\":{\"type\":\"audio\",\"transcript\":\"\"}}", evid().c_str(), resp_ids(o).c_str()));
}
static void oa_delta(OA* o, string& out, const uint8_t* audio, size_t n) {
  static char b[8192];
  const char* A = o->beta ? "audio" : "output_audio";
  int k = snprintf(b, sizeof b, "{\"type\":\"response.%s.delta\",\"event_id\":\"%s\",%s,\"delta\":\"", A, evid().c_str(), resp_ids(o).c_str());
  k += b64_enc(audio, n, b + k);
  memcpy(b + k, "\"}", 2);
  ws_pack(out, string_view(b, k + 2));
}
static void oa_step(OA* o) {
  if (!o->c || o->call < 0) return;
  string out;
  i64 t = now_ns();
  Call* k = calls[o->call].get();
  if (o->step == 0) {
    if (o->resp_open) oa_finish(o, out, "completed");
    oa_begin(o, out);
  }
  int nd = delta_ms.size();
  if (!o->cancelled && (opt.burst || o->step == 0) && o->step < nd && opt.burst) {
    int ms = delta_ms[o->step % nd];
    static uint8_t a[160 * 64];
    int blocks = ms / 20;
    for (int i = 0; i < blocks; i++) put_block(a + i * 160, 'D', k->id, o->dseq++, t);
    oa_delta(o, out, a, blocks * 160);
    const char* A = o->beta ? "audio" : "output_audio";
    ws_pack(out, fmt("{\"type\":\"response.%s_transcript.delta\",\"event_id\":\"%s\",%s,\"delta\":\" let me\"}", A, evid().c_str(), resp_ids(o).c_str()));
    if (inw(t)) W.down_sent += blocks;
  }
  if (barge_on && o->step == 2 && !o->cancelled && o->resp % std::max(1, opt.barge_ms / opt.period) == 0) {
    // caller starts talking over the answer: cancel it, as the server VAD does
    ws_pack(out, fmt("{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"%s\",\"audio_start_ms\":%u,\"item_id\":\"item_u%06d\"}", evid().c_str(), k->seq * 20, o->resp));
    o->cancelled = true;
    o->t_barge = t;
    o->barge_pending = true;
    k->snap_t = 0;
    W.barges++;
    oa_finish(o, out, "cancelled");
  }
  raw_send(o->c, out.data(), out.size());
  int prev = o->step;
  o->step++;
  if (!opt.burst || o->step >= nd) {
    o->step = 0;
    at(t + (i64)opt.period * MS - (i64)prev * opt.gap * MS, T_BURST, o->id);
  } else at(t + (i64)opt.gap * MS, T_BURST, o->id);
}
static void up_block(OA* o, const uint8_t* b, i64 t) {
  uint32_t id, seq;
  i64 ts;
  W.blocks++;
  if (memcmp(b, "VBU1", 4)) { W.corrupt++; return; }
  memcpy(&id, b + 4, 4); memcpy(&seq, b + 8, 4); memcpy(&ts, b + 12, 8);
  if (id >= calls.size()) { W.corrupt++; return; }
  if (memcmp(b + 20, PAT + 20, 140)) W.corrupt++;
  Call* k = calls[id].get();
  if (o->call < 0) {
    o->call = id;
    k->oa = o->id;
    k->t_first_rx = t;
    k->first_rx_seq = seq;
    o->script = true;
    string out;
    oa_begin(o, out);  // echoes always belong to a response in progress
    raw_send(o->c, out.data(), out.size());
    at(t + (i64)(rng() % (uint64_t)(opt.period)) * MS, T_BURST, o->id);
  } else if (o->call != (int)id) { W.cross++; return; }
  uint32_t& s = k->seen[seq & 1023];
  if (s == seq + 1) { if (inw(ts)) W.up_dup++; return; }
  s = seq + 1;
  if (seq + 1 <= k->up_max) { if (inw(ts)) W.up_reorder++; } else k->up_max = seq + 1;
  k->up_total++;
  if (!o->updates) k->pre_cfg++;
  if (inw(ts)) { W.up_rx++; W.up.push_back((t - ts) / 1000); }
  if (opt.probe && seq % opt.probe == 0 && !o->cancelled && o->resp_open) {
    string out;
    oa_delta(o, out, b, 160);
    raw_send(o->c, out.data(), out.size());
    if (inw(ts)) W.rt_sent++;
  }
}
static uint8_t dbuf[1 << 17];
static void oa_text(OA* o, string_view m) {
  i64 t = now_ns();
  if (m.find("input_audio_buffer.append") != string_view::npos) {
    W.appends++;
    string_view a = jstr(m, "\"audio\"");
    if (a.size() > sizeof(dbuf)) return;
    if (o->acc.empty() && a.size() == 216 && !memcmp(a.data() + 28, PATB64, 188)) {
      uint8_t b[160];
      b64_dec(a.data(), 28, b);
      memcpy(b + 21, PAT + 21, 139);
      up_block(o, b, t);
      return;
    }
    size_t n = b64_dec(a.data(), a.size(), dbuf);
    o->acc.insert(o->acc.end(), dbuf, dbuf + n);
    size_t p = 0;
    while (o->acc.size() - p >= 160) {
      if (memcmp(&o->acc[p], "VBU1", 4)) {  // resynchronise on the next marker
        W.corrupt++;
        void* f = memmem(&o->acc[p] + 1, o->acc.size() - p - 1, "VBU1", 4);
        if (!f) { p = o->acc.size() - 3; break; }
        p = (uint8_t*)f - o->acc.data();
        continue;
      }
      up_block(o, &o->acc[p], t);
      p += 160;
    }
    o->acc.erase(o->acc.begin(), o->acc.begin() + p);
    return;
  }
  string_view ty = jstr(m, "\"type\"");
  if (m.find("\"session.update\"") != string_view::npos) {
    size_t s = m.find("\"session\"");
    if (s != string_view::npos) {
      if (m.find("\"input_audio_format\"") != string_view::npos) o->beta = true;
      else if (m.find("\"realtime\"", s) != string_view::npos) o->beta = false;
    }
    if (!o->updates++) o->t_cfg = t;
    oa_send(o, fmt("{\"type\":\"session.updated\",\"event_id\":\"%s\",\"session\":%s}", evid().c_str(), session_obj(o).c_str()));
  } else if (m.find("\"conversation.item.truncate\"") != string_view::npos) {
    W.truncs++;
    size_t p = m.find("\"audio_end_ms\"");
    if (p != string_view::npos && o->call >= 0) {
      p = m.find(':', p) + 1;
      double end = atof(string(m.substr(p, 24)).c_str() + strspn(string(m.substr(p, 24)).c_str(), " \""));
      Call* k = calls[o->call].get();
      double played;
      if (k->snap_t) played = k->snap_played;
      else played = std::max(0.0, (double)k->resp_rx_ms - std::max<i64>(0, k->play_end - t) / 1e6);
      W.trunc.push_back((int)(end - played));
    }
    oa_send(o, fmt("{\"type\":\"conversation.item.truncated\",\"event_id\":\"%s\",\"item_id\":\"x\",\"content_index\":0,\"audio_end_ms\":0}", evid().c_str()));
  } else if (m.find("\"conversation.item.create\"") != string_view::npos) {
    oa_send(o, fmt("{\"type\":\"conversation.item.%s\",\"event_id\":\"%s\",\"previous_item_id\":null,\"item\":{\"id\":\"item_c%llu\",\"type\":\"message\",\"role\":\"user\",\"content\":[]}}", o->beta ? "created" : "added", evid().c_str(), (unsigned long long)evno));
  }
  (void)ty;
}
static void oa_accept(OA* o) {
  if (!o->c) return;
  string r = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + ws_accept(o->key) + "\r\n";
  if (!o->proto.empty()) r += "Sec-WebSocket-Protocol: " + o->proto + "\r\n";
  raw_send(o->c, (r + "\r\n").data(), r.size() + 2);
  if (!o->c) return;
  o->c->ws = true;
  o->t_open = now_ns();
  oa_open++;
  oa_send(o, fmt("{\"type\":\"session.created\",\"event_id\":\"%s\",\"session\":%s}", evid().c_str(), session_obj(o).c_str()));
}
static void oa_http(Conn* c) {
  size_t e = c->in.find("\r\n\r\n");
  if (e == string::npos) return;
  string head = c->in.substr(0, e + 2);
  c->in.erase(0, e + 4);
  OA* o = oas[c->ref].get();
  o->key = http_header(head, "sec-websocket-key");
  if (o->key.empty()) {
    string r = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}";
    raw_send(c, r.data(), r.size());
    conn_dead(c);
    return;
  }
  string pr = http_header(head, "sec-websocket-protocol");
  if (pr.find("realtime") != string::npos) o->proto = "realtime";
  o->beta = !http_header(head, "openai-beta").empty() || pr.find("openai-beta") != string::npos;
  if (accept_delay) at(now_ns() + accept_delay, T_ACCEPT, o->id);
  else oa_accept(o);
}

// ---------------------------------------------------------------- fake Twilio
static string hex(int n, uint64_t salt) {
  string s;
  uint64_t a = rng() ^ salt, b = rng();
  char t[40];
  snprintf(t, sizeof t, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
  s = t;
  return s.substr(0, n);
}
static string url_enc(string_view s) {
  string o;
  for (unsigned char ch : s) {
    if (isalnum(ch) || ch == '-' || ch == '.' || ch == '_') o += ch;
    else { char t[4]; snprintf(t, 4, "%%%02X", ch); o += t; }
  }
  return o;
}
static string host_hdr() {
  if (!opt.host.empty()) return opt.host;
  return "127.0.0.1:" + std::to_string(opt.port);
}
static void call_ws(Call* k) {
  k->st = 2;
  k->c = dial(3);
  if (!k->c) { k->failed = true; k->st = 5; return; }
  k->c->ref = k->id;
}
static void call_start(Call* k) {
  k->sid = "MZ" + hex(32, k->id);
  k->csid = "CA" + hex(32, k->id * 7919);
  k->t_hook = now_ns();
  k->st = 1;
  if (opt.webhook == "none") { k->path = opt.wspath; k->t_twiml = k->t_hook; call_ws(k); return; }
  k->c = dial(2);
  if (!k->c) { k->failed = true; k->st = 5; return; }
  k->c->ref = k->id;
}
static void call_send_http(Call* k) {
  std::map<string, string> f = {{"AccountSid", "AC00000000000000000000000000000001"}, {"ApiVersion", "2010-04-01"}, {"CallSid", k->csid}, {"CallStatus", "ringing"},
                                {"Called", "+15005550006"}, {"Caller", "+15005550001"}, {"Direction", "inbound"}, {"From", "+15005550001"}, {"To", "+15005550006"},
                                {"FromCity", "SAN FRANCISCO"}, {"FromCountry", "US"}, {"ToCountry", "US"}};
  string body, sig = opt.base + opt.webhook;
  for (auto& [a, b] : f) { body += (body.empty() ? "" : "&") + url_enc(a) + "=" + url_enc(b); sig += a + b; }
  string path = opt.webhook, r;
  if (opt.method == "GET") { path += "?" + body; sig = opt.base + path; }
  r = opt.method + " " + path + " HTTP/1.1\r\nHost: " + host_hdr() + "\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nConnection: close\r\n";
  if (!opt.token.empty()) r += "X-Twilio-Signature: " + b64s(hmac_sha1(opt.token, sig)) + "\r\n";
  if (opt.method == "GET") r += "\r\n";
  else r += "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  raw_send(k->c, r.data(), r.size());
}
static void call_send_upgrade(Call* k) {
  string r = "GET " + k->path + " HTTP/1.1\r\nHost: " + host_hdr() + "\r\nUser-Agent: Twilio.TmeWs/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b64s(hex(16, k->id)) + "\r\n";
  if (!opt.token.empty()) {
    string b = opt.base;
    if (b.rfind("https://", 0) == 0) b = "wss://" + b.substr(8);
    r += "X-Twilio-Signature: " + b64s(hmac_sha1(opt.token, b + k->path)) + "\r\n";
  }
  r += "\r\n";
  raw_send(k->c, r.data(), r.size());
}
static string unxml(string s) {
  for (auto [a, b] : std::vector<std::pair<string, string>>{{"&quot;", "\""}, {"&apos;", "'"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}}) {
    size_t p = 0;
    while ((p = s.find(a, p)) != string::npos) { s.replace(p, a.size(), b); p += b.size(); }
  }
  return s;
}
static string attr(const string& tag, const string& n) {
  size_t p = tag.find(" " + n + "=");
  if (p == string::npos) return "";
  p += n.size() + 2;
  char q = tag[p];
  size_t e = tag.find(q, p + 1);
  return e == string::npos ? "" : unxml(tag.substr(p + 1, e - p - 1));
}
static bool twiml_done(const string& in) {
  size_t e = in.find("\r\n\r\n");
  if (e == string::npos) return false;
  string cl = http_header(in.substr(0, e + 2), "content-length");
  if (!cl.empty()) return in.size() >= e + 4 + atoi(cl.c_str());
  return in.find("</Response>") != string::npos;
}
static void call_twiml(Call* k, const string& in) {
  k->t_twiml = now_ns();
  size_t p = in.find("<Stream");
  if (in.compare(0, 12, "HTTP/1.1 200") || p == string::npos) {
    static int said = 0;
    if (said++ < 3) fprintf(stderr, "vbench: bad TwiML: %.300s\n", in.c_str());
    k->failed = true;
    k->st = 5;
    return;
  }
  string tag = in.substr(p, in.find('>', p) - p), url = attr(tag, "url");
  size_t s = url.find("://");
  s = s == string::npos ? 0 : s + 3;
  size_t sl = url.find('/', s);
  k->path = sl == string::npos ? "/" : url.substr(sl);
  size_t end = in.find("</Stream>", p);
  while (end != string::npos && (p = in.find("<Parameter", p + 1)) != string::npos && p < end) {
    string t = in.substr(p, in.find('>', p) - p);
    k->params += (k->params.empty() ? "" : ",") + ("\"" + attr(t, "name") + "\":\"" + attr(t, "value") + "\"");
  }
  call_ws(k);
}
static void call_live(Call* k) {
  k->st = 3;
  k->t_ws = now_ns();
  ws_send(k->c, 1, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
  ws_send(k->c, 1, fmt("{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":\"AC00000000000000000000000000000001\",\"streamSid\":\"%s\",\"callSid\":\"%s\",\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},\"customParameters\":{%s}},\"streamSid\":\"%s\"}", k->sid.c_str(), k->csid.c_str(), k->params.c_str(), k->sid.c_str()));
  if (!k->c) return;
  k->post = "\"},\"streamSid\":\"" + k->sid + "\"}";
  at(now_ns(), T_FRAME, k->id);
}
static void call_frame(Call* k, i64 due) {
  if (k->st != 3 || !k->c) return;
  static char b[2048];
  char* body = b + 32;
  uint32_t seq = k->seq++, tw = ++k->twseq;
  int n = snprintf(body, 200, "{\"event\":\"media\",\"sequenceNumber\":\"%u\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":\"", tw, seq + 1, seq * 20 + 5);
  uint8_t h[21];
  memcpy(h, "VBU1", 4);
  uint32_t id = k->id;
  i64 t = now_ns();
  memcpy(h + 4, &id, 4); memcpy(h + 8, &seq, 4); memcpy(h + 12, &t, 8);
  h[20] = PAT[20];
  n += b64_enc(h, 21, body + n);
  memcpy(body + n, PATB64, 188);
  n += 188;
  memcpy(body + n, k->post.data(), k->post.size());
  n += k->post.size();
  uint32_t m = (uint32_t)rng();
  xor_mask(body, n, m);
  char* p = ws_head(body, 1, n, true, m);
  if (inw(t)) { W.up_sent++; W.late.push_back((t - due) / 1000); }
  if (!k->t_first_tx) k->t_first_tx = t;
  raw_send(k->c, p, body + n - p);
  // the first interval is random, so that the calls do not tick together
  at(due + (seq ? 20 * MS : (i64)(1 + rng() % 20000) * 1000), T_FRAME, k->id);
}
static void tw_mark_echo(Call* k, const string& name) {
  W.marks_tx++;
  if (k->c) ws_send(k->c, 1, fmt("{\"event\":\"mark\",\"sequenceNumber\":\"%u\",\"streamSid\":\"%s\",\"mark\":{\"name\":\"%s\"}}", ++k->twseq, k->sid.c_str(), name.c_str()));
}
static void tw_marks_due(Call* k) {
  i64 t = now_ns();
  while (!k->marks.empty() && k->marks.front().first <= t) {
    string n = k->marks.front().second;
    k->marks.pop_front();
    tw_mark_echo(k, n);
  }
  if (!k->marks.empty()) at(k->marks.front().first, T_MARK, k->id);
}
static void down_block(Call* k, const uint8_t* b, i64 t) {
  uint32_t id, seq;
  i64 ts;
  memcpy(&id, b + 4, 4); memcpy(&seq, b + 8, 4); memcpy(&ts, b + 12, 8);
  if (id != (uint32_t)k->id) { W.cross++; return; }
  if (memcmp(b + 20, PAT + 20, 140)) W.corrupt++;
  if (b[2] == 'U') {
    if (seq < k->rt_next) { if (inw(ts)) W.rt_bad++; return; }
    k->rt_next = seq + 1;
    if (inw(ts)) { W.rt_rx++; W.rt.push_back((t - ts) / 1000); }
  } else {
    if (seq < k->down_next) { if (inw(ts)) W.down_bad++; return; }
    k->down_next = seq + 1;
    if (inw(ts)) { W.down_rx++; W.down.push_back((t - ts) / 1000); }
  }
}
static void tw_text(Call* k, string_view m) {
  i64 t = now_ns();
  string_view ev = jstr(m, "\"event\"");
  if (m.find(k->sid) == string_view::npos) W.bad_sid++;
  if (ev == "media") {
    string_view a = jstr(m, "\"payload\"");
    if (a.size() > sizeof(dbuf)) return;
    size_t n = b64_dec(a.data(), a.size(), dbuf);
    k->play_end = std::max(k->play_end, t) + (i64)n * 125000;
    if (k->oa >= 0) {
      OA* o = oas[k->oa].get();
      if (o->resp != (int)k->resp_no) { k->resp_no = o->resp; k->resp_rx_ms = 0; }
      k->resp_rx_ms += n / 8;
    }
    k->acc.insert(k->acc.end(), dbuf, dbuf + n);
    size_t p = 0;
    while (k->acc.size() - p >= 160) {
      uint8_t* b = &k->acc[p];
      if (b[0] != 'V' || b[1] != 'B' || (b[2] != 'U' && b[2] != 'D') || b[3] != '1') {
        W.corrupt++;
        size_t q = p + 1;
        while (q + 4 <= k->acc.size() && !(k->acc[q] == 'V' && k->acc[q + 1] == 'B' && k->acc[q + 3] == '1')) q++;
        p = q;
        if (q + 4 > k->acc.size()) break;
        continue;
      }
      down_block(k, b, t);
      p += 160;
    }
    k->acc.erase(k->acc.begin(), k->acc.begin() + std::min(p, k->acc.size()));
  } else if (ev == "mark") {
    W.marks_rx++;
    string name(jstr(m, "\"name\""));
    if (k->play_end <= t && k->marks.empty()) tw_mark_echo(k, name);
    else {
      k->marks.push_back({k->play_end, name});
      if (k->marks.size() == 1) at(k->play_end, T_MARK, k->id);
    }
  } else if (ev == "clear") {
    W.clears++;
    if (k->oa >= 0) {
      OA* o = oas[k->oa].get();
      k->snap_played = std::max(0.0, (double)k->resp_rx_ms - std::max<i64>(0, k->play_end - t) / 1e6);
      k->snap_t = t;
      if (o->barge_pending) { o->barge_pending = false; W.clear.push_back((t - o->t_barge) / 1000); }
    }
    k->play_end = t;
    k->acc.clear();
    while (!k->marks.empty()) { string n = k->marks.front().second; k->marks.pop_front(); tw_mark_echo(k, n); }
  } else W.unknown_tw++;
}
static void call_hangup(Call* k) {
  if (k->hung) return;
  k->hung = true;
  if (k->c && k->st == 3) {
    ws_send(k->c, 1, fmt("{\"event\":\"stop\",\"sequenceNumber\":\"%u\",\"streamSid\":\"%s\",\"stop\":{\"accountSid\":\"AC00000000000000000000000000000001\",\"callSid\":\"%s\"}}", ++k->twseq, k->sid.c_str(), k->csid.c_str()));
    if (k->c) { k->st = 4; ws_send(k->c, 8, string_view("\x03\xe8", 2)); }
    at(now_ns() + 500 * MS, T_KILL, k->id);
  } else if (k->c) { k->st = 4; conn_dead(k->c); }
}

// ---------------------------------------------------------------- websocket input
static void on_msg(Conn* c, int op, string_view m) {
  if (op != 1 && op != 2) return;
  if (c->kind == 1) oa_text(oas[c->ref].get(), m);
  else tw_text(calls[c->ref].get(), m);
}
static size_t ws_eat(Conn* c, char* p, size_t n) {
  size_t u = 0;
  while (!c->dead && n - u >= 2) {
    uint8_t b0 = p[u], b1 = p[u + 1];
    size_t hl = 2, len = b1 & 127;
    if (len == 126) { if (n - u < 4) break; len = ((uint8_t)p[u + 2] << 8) | (uint8_t)p[u + 3]; hl = 4; }
    else if (len == 127) { if (n - u < 10) break; len = 0; for (int i = 0; i < 8; i++) len = (len << 8) | (uint8_t)p[u + 2 + i]; hl = 10; }
    bool mk = b1 & 128;
    uint32_t m = 0;
    if (mk) { if (n - u < hl + 4) break; memcpy(&m, p + u + hl, 4); hl += 4; }
    if (n - u < hl + len) break;
    char* q = p + u + hl;
    if (mk) xor_mask(q, len, m);
    u += hl + len;
    int op = b0 & 15;
    if (b0 & 0x40) W.rsv++;
    if (mk != (c->kind == 1)) W.proto_err++;
    if (op >= 8) {
      if (op == 8) { string s(q, len); ws_send(c, 8, s); conn_dead(c); break; }
      if (op == 9) ws_send(c, 10, string_view(string(q, len)));
      continue;
    }
    if ((b0 & 0x80) && op) { on_msg(c, op, string_view(q, len)); continue; }
    if (op) { c->frag.assign(q, len); c->fragop = op; }
    else { c->frag.append(q, len); if (b0 & 0x80) { string f; f.swap(c->frag); on_msg(c, c->fragop, f); } }
  }
  return u;
}
static char rbuf[1 << 18];
static void on_read(Conn* c) {
  for (;;) {
    ssize_t r = recv(c->fd, rbuf, sizeof rbuf, MSG_DONTWAIT);
    if (r < 0) { if (errno == EAGAIN || errno == EINTR) return; conn_dead(c); return; }
    if (r == 0) {
      if (c->kind == 2 && c->ref >= 0 && calls[c->ref]->st == 1 && !c->in.empty()) {
        string in = c->in;
        Call* k = calls[c->ref].get();
        k->c = nullptr; c->ref = -1;
        conn_dead(c);
        call_twiml(k, in);
        return;
      }
      conn_dead(c);
      return;
    }
    if (c->ws) {
      if (c->in.empty()) {
        size_t u = ws_eat(c, rbuf, r);
        if (c->dead) return;
        if (u < (size_t)r) c->in.assign(rbuf + u, r - u);
      } else {
        c->in.append(rbuf, r);
        size_t u = ws_eat(c, c->in.data(), c->in.size());
        if (c->dead) return;
        c->in.erase(0, u);
      }
    } else {
      c->in.append(rbuf, r);
      if (c->kind == 1) {
        oa_http(c);
      } else if (c->kind == 2) {
        Call* k = calls[c->ref].get();
        if (twiml_done(c->in)) {
          string in = c->in;
          k->c = nullptr; c->ref = -1;
          conn_dead(c);
          call_twiml(k, in);
          return;
        }
      } else {
        size_t e = c->in.find("\r\n\r\n");
        if (e != string::npos) {
          Call* k = calls[c->ref].get();
          if (c->in.compare(0, 12, "HTTP/1.1 101")) {
            static int said = 0;
            if (said++ < 3) fprintf(stderr, "vbench: upgrade refused: %.200s\n", c->in.c_str());
            conn_dead(c);
            return;
          }
          c->in.erase(0, e + 4);
          c->ws = true;
          call_live(k);
          if (c->dead) return;
          if (!c->in.empty()) { size_t u = ws_eat(c, c->in.data(), c->in.size()); if (c->dead) return; c->in.erase(0, u); }
        }
      }
      if (c->dead) return;
    }
    if ((size_t)r < sizeof rbuf) return;
  }
}

// ---------------------------------------------------------------- loop
static void fire(const Ev& e) {
  switch (e.type) {
    case T_FRAME: call_frame(calls[e.id].get(), e.t); break;
    case T_MARK: tw_marks_due(calls[e.id].get()); break;
    case T_BURST: oa_step(oas[e.id].get()); break;
    case T_ACCEPT: oa_accept(oas[e.id].get()); break;
    case T_DIAL: call_start(calls[e.id].get()); break;
    case T_KILL: if (calls[e.id]->c) conn_dead(calls[e.id]->c); break;
  }
}
static void pump(i64 until, const std::function<bool()>& pred = nullptr) {
  epoll_event evs[32];
  i64 last_pred = 0;
  for (;;) {
    i64 t = now_ns();
    if (t >= until) return;
    if (pred && t - last_pred > 2 * MS) { last_pred = t; if (pred()) return; }
    for (int i = 0; i < 8 && !heap.empty() && heap.top().t <= t; i++) { Ev e = heap.top(); heap.pop(); fire(e); }
    i64 nx = heap.empty() ? t + 5 * MS : heap.top().t;
    nx = std::min(nx, std::min(until, t + 5 * MS)) - now_ns();
    if (nx < 0) nx = 0;
    timespec ts{nx / SEC, nx % SEC};
    int n = epoll_pwait2(ep, evs, 32, &ts, nullptr);
    i64 l0 = now_ns();
    for (int i = 0; i < n; i++) {
      Conn* c = (Conn*)evs[i].data.ptr;
      if (c->dead) continue;
      if (c->kind == 0) {
        for (int j = 0; j < 16; j++) {
          int fd = accept4(c->fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
          if (fd < 0) break;
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          auto o = std::make_unique<OA>();
          o->id = oas.size();
          o->c = add_conn(fd, 1, false);
          o->c->ref = o->id;
          oas.push_back(std::move(o));
        }
        continue;
      }
      if (c->connecting && (evs[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
        int err = 0;
        socklen_t l = sizeof err;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) { conn_dead(c); continue; }
        c->connecting = false;
        flush_out(c);
        if (c->kind == 2) call_send_http(calls[c->ref].get());
        else call_send_upgrade(calls[c->ref].get());
        continue;
      }
      if (evs[i].events & EPOLLOUT) flush_out(c);
      if (!c->dead && (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) on_read(c);
    }
    i64 l1 = now_ns();
    if (inw(l1) && n > 0) W.loop.push_back((l1 - l0) / 1000);
    for (Conn* c : graveyard) delete c;
    graveyard.clear();
  }
}

// ---------------------------------------------------------------- bridge process
struct PS { double cpu = 0, other = 0; double rss_mb = 0; int threads = 0, procs = 0; };
static pid_t bpid = 0;
static double startup_ms = 0;
static PS ps() {
  PS r;
  DIR* d = opendir("/proc");
  if (!d || !bpid) return r;
  long hz = sysconf(_SC_CLK_TCK), pg = sysconf(_SC_PAGESIZE);
  while (dirent* e = readdir(d)) {
    if (!isdigit(e->d_name[0])) continue;
    char p[288], b[1024];
    snprintf(p, sizeof p, "/proc/%s/stat", e->d_name);
    int fd = open(p, O_RDONLY);
    if (fd < 0) continue;
    int n = read(fd, b, sizeof b - 1);
    close(fd);
    if (n <= 0) continue;
    b[n] = 0;
    char* q = strrchr(b, ')');
    if (!q) continue;
    char st; int ppid, pgrp, sess; unsigned long ut, stt; long thr, rss;
    if (sscanf(q + 2, "%c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %ld %*d %*u %*u %ld", &st, &ppid, &pgrp, &sess, &ut, &stt, &thr, &rss) < 8) continue;
    if (sess != bpid && atoi(e->d_name) != bpid) {
      if (atoi(e->d_name) != getpid()) r.other += (double)(ut + stt) / hz;
      continue;
    }
    r.cpu += (double)(ut + stt) / hz;
    r.rss_mb += rss * (double)pg / 1048576;
    r.threads += thr;
    r.procs++;
  }
  closedir(d);
  return r;
}
struct SysCpu { double steal = 0; };
static SysCpu syscpu() {
  SysCpu s;
  FILE* f = fopen("/proc/stat", "r");
  char l[512];
  while (f && fgets(l, sizeof l, f)) {
    int c; unsigned long long u, n, sy, id, io, irq, si, st;
    if (sscanf(l, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &c, &u, &n, &sy, &id, &io, &irq, &si, &st) == 9) {
      s.steal += st / 100.0;
    }
  }
  if (f) fclose(f);
  return s;
}
static double self_cpu() {
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
static bool port_open() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET; a.sin_port = htons(opt.port); a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int r = connect(fd, (sockaddr*)&a, sizeof a);
  close(fd);
  return r == 0;
}
static void pin(int cpu) {
  cpu_set_t s;
  CPU_ZERO(&s);
  CPU_SET(cpu, &s);
  sched_setaffinity(0, sizeof s, &s);
}
static void die(const char* m) { fprintf(stderr, "vbench: %s\n", m); printf("{\"name\":\"%s\",\"error\":\"%s\"}\n", opt.name.c_str(), m); if (bpid && !opt.pid) kill(-bpid, SIGKILL); exit(1); }
static void bridge_start() {
  if (opt.pid) { bpid = opt.pid; return; }
  if (port_open()) die("port already in use");
  i64 t0 = now_ns();
  bpid = fork();
  if (bpid == 0) {
    setsid();
    if (opt.cpub >= 0) pin(opt.cpub);
    if (chdir(opt.cwd.c_str())) _exit(126);
    for (auto& e : opt.env) putenv(strdup(e.c_str()));
    int fd = open(opt.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), nul = open("/dev/null", O_RDONLY);
    dup2(nul, 0); dup2(fd, 1); dup2(fd, 2);
    execl("/bin/sh", "sh", "-c", ("exec " + opt.cmd).c_str(), (char*)nullptr);
    _exit(127);
  }
  while (!port_open()) {
    if (now_ns() - t0 > opt.ready * SEC) die("bridge did not open its port");
    int st;
    if (waitpid(bpid, &st, WNOHANG) == bpid) die("bridge exited at start");
    usleep(2000);
  }
  startup_ms = (now_ns() - t0) / 1e6;
  pump(now_ns() + 700 * MS);
}
static void bridge_stop() {
  for (auto& k : calls) { if (!k->hung) call_hangup(k.get()); }
  if (!opt.pid && bpid) {
    kill(-bpid, SIGTERM);
    int st;
    for (int i = 0; i < 100; i++) { if (waitpid(bpid, &st, WNOHANG) == bpid) { bpid = 0; break; } usleep(20000); }
    if (bpid) { kill(-bpid, SIGKILL); waitpid(bpid, &st, 0); }
  }
  bpid = 0;
  pump(now_ns() + 300 * MS);
  for (auto& k : calls) if (k->c) conn_dead(k->c);
  for (auto& o : oas) if (o->c) conn_dead(o->c);
  for (Conn* c : graveyard) delete c;
  graveyard.clear();
  while (!heap.empty()) heap.pop();
  calls.clear();
  oas.clear();
  oa_open = 0;
}
static bool bridge_alive() {
  if (opt.pid) return kill(opt.pid, 0) == 0;
  int st;
  if (bpid && waitpid(bpid, &st, WNOHANG) == bpid) { bpid = 0; return false; }
  return bpid != 0;
}

// ---------------------------------------------------------------- scenarios
static Call* new_call() {
  auto k = std::make_unique<Call>();
  memset(k->seen, 0, sizeof k->seen);
  k->id = calls.size();
  calls.push_back(std::move(k));
  return calls.back().get();
}
static int live() {
  int n = 0;
  for (auto& k : calls) if (k->st == 3 && k->c && k->oa >= 0 && oas[k->oa]->c) n++;
  return n;
}
static string pct(std::vector<uint32_t>& v) {
  if (v.empty()) return "{\"n\":0}";
  std::sort(v.begin(), v.end());
  auto q = [&](double p) { return v[std::min(v.size() - 1, (size_t)(p * v.size()))] / 1000.0; };
  double s = 0;
  for (auto x : v) s += x;
  return fmt("{\"n\":%zu,\"mean\":%.3f,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", v.size(), s / v.size() / 1000, q(.5), q(.95), q(.99), q(.999), v.back() / 1000.0);
}
static double p99of(std::vector<uint32_t>& v) {
  if (v.empty()) return 1e9;
  std::sort(v.begin(), v.end());
  return v[std::min(v.size() - 1, (size_t)(.99 * v.size()))] / 1000.0;
}
struct Lvl { bool ok = false, harness = false, slow = false; string js; double cpu_per = 0; };
static double idle_rss = 0;
static double step_secs = 5, step_settle = 2;
static Lvl level(int n) {
  Lvl L;
  int have = 0;
  for (auto& k : calls) if (!k->hung && k->st != 5) have++;
  i64 t = now_ns();
  int add = n - have;
  for (int i = 0; i < add; i++) at(t + (i64)(i / opt.rate * 1e9), T_DIAL, new_call()->id);
  i64 deadline = t + (i64)(std::max(add, 0) / opt.rate * 1e9) + 8 * SEC;
  pump(deadline, [&] { return live() >= n; });
  int lv = live();
  pump(now_ns() + (i64)(step_settle * 1e9));
  W = Win();
  W.up.reserve(1 << 20);
  PS a = ps();
  SysCpu sa = syscpu();
  double ha = self_cpu();
  i64 t0 = now_ns();
  W.w0 = t0;
  W.w1 = t0 + (i64)(step_secs * 1e9);
  pump(W.w1);
  i64 t1 = now_ns();
  PS b = ps();
  SysCpu sb = syscpu();
  double hb = self_cpu();
  pump(now_ns() + 1 * SEC);  // frames of the window have one more second to arrive
  double el = (t1 - t0) / 1e9, cpu = b.cpu - a.cpu;
  int lv2 = live();
  i64 uplost = (i64)W.up_sent - (i64)W.up_rx, dlost = (i64)W.down_sent - (i64)W.down_rx, rlost = (i64)W.rt_sent - (i64)W.rt_rx;
  double p99rt = p99of(W.rt), p99up = p99of(W.up), latep = p99of(W.late), hcpu = (hb - ha) / el;
  bool alive = bridge_alive();
  string why;
  if (!alive) why = "bridge died";
  else if (lv < n) why = fmt("only %d of %d calls live", lv, n);
  else if (lv2 < lv) why = fmt("%d calls dropped", lv - lv2);
  else if (uplost > 0 || dlost > 0 || rlost > 0) why = "frames lost";
  else if (p99rt > opt.p99) why = "p99 round trip over limit";
  else if (p99up > opt.p99) why = "p99 upstream over limit";
  L.ok = why.empty();
  L.slow = !L.ok && !strncmp(why.c_str(), "p99", 3);  // only late, nothing lost: worth a second look
  L.harness = hcpu > 0.93 || latep > 5;
  L.cpu_per = cpu / (el * std::max(1, n));
  double foreign = b.other - a.other;  // every other process of the machine, both cores
  L.js = fmt("{\"n\":%d,\"ok\":%s,\"why\":\"%s\",\"harness_limited\":%s,\"live\":%d,\"secs\":%.2f,\"cpu_s\":%.3f,\"cpu_util\":%.3f,\"cpu_ms_per_call_s\":%.4f,\"rss_mb\":%.1f,\"rss_kb_per_call\":%.0f,\"threads\":%d,",
             n, L.ok ? "true" : "false", why.c_str(), L.harness ? "true" : "false", lv2, el, cpu, cpu / el, L.cpu_per * 1000, b.rss_mb, (b.rss_mb - idle_rss) * 1024 / n, b.threads);
  L.js += "\"rt\":" + pct(W.rt) + ",\"up\":" + pct(W.up) + ",\"down\":" + pct(W.down);
  L.js += fmt(",\"up_sent\":%llu,\"up_lost\":%lld,\"up_dup\":%llu,\"up_reorder\":%llu,\"down_sent\":%llu,\"down_lost\":%lld,\"down_dup_reorder\":%llu,\"rt_lost\":%lld,\"rt_dup_reorder\":%llu,\"corrupt\":%llu,\"crosstalk\":%llu,\"bad_stream_sid\":%llu,\"frames_per_append\":%.2f,\"marks_rx\":%llu,\"protocol_errors\":%llu,\"blocked_sends\":%llu,",
              (unsigned long long)W.up_sent, (long long)uplost, (unsigned long long)W.up_dup, (unsigned long long)W.up_reorder, (unsigned long long)W.down_sent, (long long)dlost, (unsigned long long)W.down_bad, (long long)rlost, (unsigned long long)W.rt_bad, (unsigned long long)W.corrupt, (unsigned long long)W.cross, (unsigned long long)W.bad_sid, W.appends ? (double)W.blocks / W.appends : 0.0, (unsigned long long)W.marks_rx, (unsigned long long)(W.proto_err + W.rsv), (unsigned long long)W.blocked);
  L.js += fmt("\"harness\":{\"cpu_util\":%.3f,\"late_p99_ms\":%.3f,\"late_max_ms\":%.3f,\"loop_max_ms\":%.3f},\"foreign_cpu_util\":%.3f,\"steal_s\":%.2f}", hcpu, latep, W.late.empty() ? 0 : W.late.back() / 1000.0,
              W.loop.empty() ? 0 : *std::max_element(W.loop.begin(), W.loop.end()) / 1000.0, foreign / el, sb.steal - sa.steal);
  fprintf(stderr, "[%s] N=%-5d %-4s rt p50 %.2f p99 %.2f ms, up p99 %.2f, cpu %.1f%%, %.3f ms/call-s, rss %.0f MB, lost %lld/%lld/%lld, gen %.0f%% late99 %.2f, foreign %.1f%% %s\n", opt.name.c_str(), n, L.ok ? "ok" : "BAD",
          W.rt.empty() ? -1 : W.rt[W.rt.size() / 2] / 1000.0, W.rt.empty() ? -1 : p99rt, W.up.empty() ? -1 : p99up, cpu / el * 100, L.cpu_per * 1000, b.rss_mb, (long long)uplost, (long long)dlost, (long long)rlost, hcpu * 100, latep, foreign / el * 100, why.c_str());
  W.w0 = W.w1 = INT64_MAX;
  return L;
}
static string jarr(const std::vector<string>& v) {
  string s = "[";
  for (size_t i = 0; i < v.size(); i++) s += (i ? "," : "") + v[i];
  return s + "]";
}
static string ramp() {
  std::vector<string> js, bis;
  bridge_start();
  PS p = ps();
  idle_rss = p.rss_mb;
  double start = startup_ms;
  int good = 0, bad = 0;
  bool hl = false;
  step_secs = opt.secs;
  step_settle = opt.settle;
  for (int n : opt.levels) {
    Lvl L = level(n);
    if (!L.ok && L.slow && opt.confirm) {  // one noisy window must not decide: two more, both must pass
      js.push_back(L.js);
      L = level(n);
      if (L.ok) { js.push_back(L.js); L = level(n); }
    }
    js.push_back(L.js);
    if (!L.ok) { bad = n; hl = L.harness; break; }
    good = n;
  }
  double rss_top = ps().rss_mb;
  int before = oa_open;
  for (auto& k : calls) call_hangup(k.get());
  pump(now_ns() + 3 * SEC);
  int leaked = oa_open;
  double rss_after = bridge_alive() ? ps().rss_mb : 0;
  bridge_stop();
  int tries = 0;
  while (bad && good && tries < opt.bisect && bad - good > std::max(10, good / 20) && !opt.pid) {
    int mid = (good + bad) / 2;
    tries++;
    step_settle = opt.fresh_settle;
    bridge_start();
    Lvl L = level(mid);
    if (!L.ok && L.slow && opt.confirm) {
      bis.push_back(L.js);
      L = level(mid);
      if (L.ok) { bis.push_back(L.js); L = level(mid); }
    }
    bis.push_back(L.js);
    if (L.ok) good = mid;
    else { bad = mid; hl = L.harness; }
    for (auto& k : calls) call_hangup(k.get());
    pump(now_ns() + 500 * MS);
    bridge_stop();
  }
  return fmt("{\"startup_ms\":%.0f,\"idle_rss_mb\":%.1f,\"idle_threads\":%d,\"rss_top_mb\":%.1f,\"rss_after_hangup_mb\":%.1f,\"openai_open_before_hangup\":%d,\"openai_open_3s_after_hangup\":%d,\"max_calls\":%d,\"first_bad\":%d,\"limit_is_harness\":%s,\"levels\":", start, idle_rss, p.threads, rss_top, rss_after, before, leaked, good, bad, hl ? "true" : "false") + jarr(js) + ",\"bisect\":" + jarr(bis) + "}";
}
static string storm(int delay) {
  bridge_start();
  accept_delay = 0;
  for (int i = 0; i < 5; i++) at(now_ns() + i * 20 * MS, T_DIAL, new_call()->id);  // warm-up
  pump(now_ns() + 2 * SEC);
  for (auto& k : calls) call_hangup(k.get());
  pump(now_ns() + 1 * SEC);
  accept_delay = delay * MS;
  size_t first = calls.size();
  i64 t = now_ns() + 50 * MS;
  W = Win();
  PS a = ps();
  for (int i = 0; i < opt.storm; i++) at(t + (i64)i * opt.storm_ms * MS / opt.storm, T_DIAL, new_call()->id);
  pump(t + (i64)opt.storm_secs * SEC);
  PS b = ps();
  std::vector<uint32_t> sent;
  for (size_t i = first; i < calls.size(); i++) sent.push_back(calls[i]->seq);
  pump(now_ns() + 1 * SEC);
  std::vector<uint32_t> twiml, open, firstf, up, setup;
  uint64_t lost = 0, pre = 0, tot = 0;
  int failed = 0, connected = 0, lossy = 0;
  uint32_t worst = 0;
  for (size_t i = first; i < calls.size(); i++) {
    Call* k = calls[i].get();
    if (k->st != 3 || !k->t_first_rx) { failed++; continue; }
    connected++;
    twiml.push_back((k->t_twiml - k->t_hook) / 1000);
    open.push_back((k->t_ws - k->t_hook) / 1000);
    firstf.push_back((k->t_first_rx - k->t_hook) / 1000);
    setup.push_back((k->t_first_rx - k->t_ws) / 1000);
    uint32_t s = sent[i - first], got = 0;
    for (uint32_t q = 0; q < s && q < 1024; q++) if (k->seen[q & 1023] == q + 1) got++;
    uint32_t l = std::min<uint32_t>(s, 1024) - got;
    lost += l; tot += s; pre += k->pre_cfg;
    if (l) lossy++;
    worst = std::max(worst, l);
  }
  string r = fmt("{\"accept_delay_ms\":%d,\"calls\":%d,\"connected\":%d,\"failed\":%d,\"bridge_cpu_s\":%.2f,\"frames_sent\":%llu,\"frames_lost\":%llu,\"lost_per_call_mean\":%.2f,\"lost_ms_per_call_mean\":%.0f,\"lost_per_call_max\":%u,\"calls_with_loss\":%d,\"frames_before_session_update_per_call\":%.2f,\"corrupt\":%llu,\"crosstalk\":%llu,", delay, opt.storm, connected, failed, b.cpu - a.cpu, (unsigned long long)tot, (unsigned long long)lost, connected ? (double)lost / connected : 0, connected ? 20.0 * lost / connected : 0, worst, lossy, connected ? (double)pre / connected : 0, (unsigned long long)W.corrupt, (unsigned long long)W.cross);
  r += "\"webhook_ms\":" + pct(twiml) + ",\"webhook_to_ws_open_ms\":" + pct(open) + ",\"webhook_to_first_frame_ms\":" + pct(firstf) + ",\"ws_open_to_first_frame_ms\":" + pct(setup) + "}";
  fprintf(stderr, "[%s] storm delay %d: connected %d/%d, webhook->first frame p50 %.1f p99 %.1f ms, lost/call %.2f, before session.update/call %.2f\n", opt.name.c_str(), delay, connected, opt.storm, firstf.empty() ? -1 : firstf[firstf.size() / 2] / 1000.0, firstf.empty() ? -1 : firstf[std::min(firstf.size() - 1, (size_t)(.99 * firstf.size()))] / 1000.0, connected ? (double)lost / connected : 0, connected ? (double)pre / connected : 0);
  for (auto& k : calls) call_hangup(k.get());
  pump(now_ns() + 500 * MS);
  bridge_stop();
  accept_delay = 0;
  return r;
}
static string barge() {
  bridge_start();
  barge_on = true;
  for (int i = 0; i < opt.barge_n; i++) at(now_ns() + i * 10 * MS, T_DIAL, new_call()->id);
  pump(now_ns() + 4 * SEC);
  W = Win();
  W.w0 = now_ns();
  W.w1 = INT64_MAX;
  pump(now_ns() + 12 * SEC);
  barge_on = false;
  uint64_t barges = W.barges;
  pump(now_ns() + 500 * MS);
  std::vector<int> e = W.trunc;
  for (auto& x : e) x = abs(x);
  std::sort(e.begin(), e.end());
  std::sort(W.trunc.begin(), W.trunc.end());
  string r = fmt("{\"calls\":%d,\"barges\":%llu,\"clears\":%llu,\"truncates\":%llu,\"truncate_error_ms_median\":%d,\"truncate_abs_error_ms_p50\":%d,\"truncate_abs_error_ms_max\":%d,\"clear_ms\":", opt.barge_n, (unsigned long long)barges, (unsigned long long)W.clears, (unsigned long long)W.truncs, W.trunc.empty() ? -1 : W.trunc[W.trunc.size() / 2], e.empty() ? -1 : e[e.size() / 2], e.empty() ? -1 : e.back()) + pct(W.clear) + "}";
  fprintf(stderr, "[%s] barge: %llu barges, %llu clears, %llu truncates, trunc err p50 %d ms\n", opt.name.c_str(), (unsigned long long)barges, (unsigned long long)W.clears, (unsigned long long)W.truncs, e.empty() ? -1 : e[e.size() / 2]);
  for (auto& k : calls) call_hangup(k.get());
  pump(now_ns() + 500 * MS);
  bridge_stop();
  return r;
}

int main(int argc, char** argv) {
  auto need = [&](int& i) -> string { if (i + 1 >= argc) { fprintf(stderr, "missing value for %s\n", argv[i]); exit(2); } return argv[++i]; };
  for (int i = 1; i < argc; i++) {
    string a = argv[i];
    if (a == "--name") opt.name = need(i);
    else if (a == "--cmd") opt.cmd = need(i);
    else if (a == "--pid") opt.pid = stoi(need(i));
    else if (a == "--cwd") opt.cwd = need(i);
    else if (a == "--log") opt.log = need(i);
    else if (a == "--env") opt.env.push_back(need(i));
    else if (a == "--port") opt.port = stoi(need(i));
    else if (a == "--openai-port") opt.oport = stoi(need(i));
    else if (a == "--openai-any") opt.oany = true;
    else if (a == "--webhook") opt.webhook = need(i);
    else if (a == "--method") opt.method = need(i);
    else if (a == "--ws-path") opt.wspath = need(i);
    else if (a == "--host") opt.host = need(i);
    else if (a == "--auth-token") opt.token = need(i);
    else if (a == "--public-base") opt.base = need(i);
    else if (a == "--scenarios") opt.scen = need(i);
    else if (a == "--levels") { opt.levels.clear(); string s = need(i); for (size_t p = 0; p < s.size();) { opt.levels.push_back(atoi(s.c_str() + p)); p = s.find(',', p); if (p == string::npos) break; p++; } }
    else if (a == "--secs") opt.secs = stod(need(i));
    else if (a == "--settle") opt.settle = stod(need(i));
    else if (a == "--fresh-settle") opt.fresh_settle = stod(need(i));
    else if (a == "--p99") opt.p99 = stod(need(i));
    else if (a == "--rate") opt.rate = stod(need(i));
    else if (a == "--ready") opt.ready = stod(need(i));
    else if (a == "--probe-every") opt.probe = stoi(need(i));
    else if (a == "--confirm") opt.confirm = stoi(need(i));
    else if (a == "--bisect") opt.bisect = stoi(need(i));
    else if (a == "--cpu-bridge") opt.cpub = stoi(need(i));
    else if (a == "--cpu-gen") opt.cpug = stoi(need(i));
    else if (a == "--no-burst") opt.burst = false;
    else if (a == "--storm-calls") opt.storm = stoi(need(i));
    else if (a == "--storm-ms") opt.storm_ms = stoi(need(i));
    else if (a == "--delay") opt.delay = stoi(need(i));
    else { fprintf(stderr, "unknown option %s (see README.md)\n", a.c_str()); return 2; }
  }
  if (opt.cmd.empty() && !opt.pid) { fprintf(stderr, "need --cmd or --pid\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  if (opt.cpug >= 0) pin(opt.cpug);
  b64_init();
  rng_s ^= (uint64_t)now_ns();
  uint64_t save = rng_s;
  rng_s = 12345;
  for (auto& x : PAT) x = rng();
  rng_s = save;
  b64_enc(PAT + 21, 139, PATB64);
  ep = epoll_create1(EPOLL_CLOEXEC);
  int lf = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(lf, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in la{};
  la.sin_family = AF_INET; la.sin_port = htons(opt.oport); la.sin_addr.s_addr = htonl(opt.oany ? INADDR_ANY : INADDR_LOOPBACK);
  if (bind(lf, (sockaddr*)&la, sizeof la) || listen(lf, 4096)) die("cannot listen on the openai port");
  add_conn(lf, 0, false);
  string out = fmt("{\"name\":\"%s\",\"t\":%ld", opt.name.c_str(), (long)time(nullptr));
  string sc = "," + opt.scen + ",";
  if (sc.find(",ramp,") != string::npos) out += ",\"ramp\":" + ramp();
  if (sc.find(",storm,") != string::npos) { out += ",\"storm\":" + storm(0); out += ",\"storm_delayed\":" + storm(opt.delay); }
  if (sc.find(",barge,") != string::npos) out += ",\"barge\":" + barge();
  printf("%s}\n", out.c_str());
  return 0;
}
