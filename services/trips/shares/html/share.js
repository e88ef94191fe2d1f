"use strict";
// The map is Web Mercator, as tiles are cut; without tiles the same drawing stands on a grid.
const words = {
  requested: "Asked for", scheduled: "Planned", will_call: "Waiting for a call", assigned: "Given to a driver",
  accepted: "The driver will come", en_route_pickup: "On the way to the pick-up", at_pickup: "At the pick-up",
  onboard: "On the way", at_dropoff: "At the destination", completed: "Arrived", cancelled: "Cancelled",
  no_show: "Over", aborted: "Over",
};
const byId = (id) => document.getElementById(id);
const map = byId("map"), tiles = byId("tiles"), template = map.dataset.tiles;
const track = [];
let place = null, zoom = 15;

const world = (latitude, longitude) => {
  const size = 256 * 2 ** zoom, sine = Math.sin(Math.max(-85, Math.min(85, latitude)) * Math.PI / 180);
  return [(longitude + 180) / 360 * size, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size];
};

const fit = () => {
  // The nearest zoom that shows the way of the last hour and the vehicle.
  for (zoom = 16; zoom > 3; zoom -= 1) {
    const points = track.map((one) => world(one.latitude, one.longitude));
    const spread = [0, 1].map((axis) => Math.max(...points.map((p) => p[axis])) - Math.min(...points.map((p) => p[axis])));
    if (spread[0] < map.clientWidth * 0.7 && spread[1] < map.clientHeight * 0.7) return;
  }
};

const drawTiles = (left, top) => {
  if (!template) return;
  const wanted = new Map(), count = 2 ** zoom;
  for (let x = Math.floor(left / 256); x * 256 < left + map.clientWidth; x += 1) {
    for (let y = Math.floor(top / 256); y * 256 < top + map.clientHeight; y += 1) {
      if (y < 0 || y >= count) continue;
      const url = template.replace("{z}", zoom).replace("{x}", ((x % count) + count) % count).replace("{y}", y);
      wanted.set(url, [x * 256 - left, y * 256 - top]);
    }
  }
  for (const image of [...tiles.children]) if (!wanted.has(image.src)) image.remove();
  const there = new Map([...tiles.children].map((image) => [image.src, image]));
  for (const [url, [x, y]] of wanted) {
    const image = there.get(url) || document.createElement("img");
    if (!image.src) { image.src = url; image.alt = ""; image.referrerPolicy = "no-referrer"; tiles.append(image); }
    image.style.transform = `translate(${x}px, ${y}px)`;
  }
};

const drawScale = (left, top) => {
  // A bar, and where there are no tiles a grid, of a round length that people can count by; lines stay where they are on the ground.
  const pixelM = 156543.034 * Math.cos(place.latitude * Math.PI / 180) / 2 ** zoom;
  const decade = 10 ** Math.floor(Math.log10(90 * pixelM));
  const metres = [1, 2, 5, 10].map((one) => one * decade).find((one) => one / pixelM >= 90), step = metres / pixelM;
  const width = map.clientWidth, height = map.clientHeight, lines = [];
  for (let x = Math.ceil(left / step) * step - left; x < width && !template; x += step) lines.push(`M${x.toFixed(1)},0V${height}`);
  for (let y = Math.ceil(top / step) * step - top; y < height && !template; y += step) lines.push(`M0,${y.toFixed(1)}H${width}`);
  byId("grid").setAttribute("d", lines.join(""));
  byId("scale").style.width = `${step}px`;
  byId("scale").textContent = metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
};

const draw = () => {
  if (!place) return;
  fit();
  const points = track.map((one) => world(one.latitude, one.longitude));
  const middle = [0, 1].map((axis) => (Math.max(...points.map((p) => p[axis])) + Math.min(...points.map((p) => p[axis]))) / 2);
  const left = Math.round(middle[0] - map.clientWidth / 2), top = Math.round(middle[1] - map.clientHeight / 2);
  byId("track").setAttribute("points", points.map(([x, y]) => `${x - left},${y - top}`).join(" "));
  const [x, y] = world(place.latitude, place.longitude);
  const vehicle = byId("vehicle");
  vehicle.setAttribute("visibility", "visible");
  vehicle.setAttribute("transform", `translate(${x - left} ${y - top}) rotate(${place.heading_deg || 0})`);
  drawTiles(left, top);
  drawScale(left, top);
  const spot = `${place.latitude.toFixed(5)},${place.longitude.toFixed(5)}`;
  byId("place").textContent = spot.replace(",", ", ");
  byId("place").href = `geo:${spot}`;
};

const tellAge = () => {
  if (!place) return;
  const seconds = Math.max(0, (Date.now() - Date.parse(place.recorded_at)) / 1000), age = byId("age");
  age.textContent = seconds < 60 ? "Seen just now" : `Last seen ${Math.round(seconds / 60)} min ago`;
  age.classList.toggle("old", seconds > 180);
};

const show = (position) => {
  if (!position) return;
  place = position;
  track.push(position);
  const begin = Date.parse(position.recorded_at) - 3600 * 1000;
  while (track.length > 2000 || Date.parse(track[0].recorded_at) < begin) track.shift();
  draw();
  tellAge();
};

const expect = ({ next_place: next, arrives_at: at, earliest_at: earliest, latest_at: latest }) => {
  const clock = (moment) => new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const where = next === "pickup" ? "At the pick-up" : "At the destination";
  const [from, to] = [clock(earliest), clock(latest)], range = from === to ? "" : `, between ${from} and ${to}`;
  byId("eta").textContent = at ? `${where} about ${clock(at)}${range}` : "";
};

const tell = (text) => { byId("status").textContent = text; document.title = text; };

const stream = new EventSource(`${location.pathname.replace(/\/$/, "")}/live`);
stream.addEventListener("snapshot", (event) => {
  const trip = JSON.parse(event.data).trips[0];
  if (trip) { tell(words[trip.status] || trip.status); show(trip.position); }
});
stream.addEventListener("position", (event) => show(JSON.parse(event.data)));
stream.addEventListener("status", (event) => { const { status } = JSON.parse(event.data); tell(words[status] || status); });
stream.addEventListener("eta", (event) => expect(JSON.parse(event.data)));
stream.addEventListener("ended", () => { stream.close(); tell("The trip is over"); });
stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) tell("The trip is over, or is not shared any more"); };
window.addEventListener("resize", draw);
setInterval(tellAge, 5000);
