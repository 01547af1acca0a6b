exec node - "$1" <<'END'
const net = require("net"), tls = require("tls"), host = process.argv[2];
const fail = (error) => { console.error(error.message); process.exit(1); };
const proxy = new URL(process.env.HTTPS_PROXY);
const socket = net.connect(proxy.port, proxy.hostname, () => {
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
});
socket.once("error", fail);
socket.once("data", () => {
  const secure = tls.connect({ socket, servername: host }, () => process.exit(0));
  secure.once("error", fail);
});
END
