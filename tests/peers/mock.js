// Serve stripe-stateful-mock on a free port of the loopback address; the port is the first line on standard output.
const server = require("http").createServer(require("stripe-stateful-mock").createExpressApp());
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
