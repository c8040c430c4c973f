import { leaflet as L } from "nicegui-leaflet";

const RADIUS = { critical: 9, major: 8, minor: 7.5, warning: 7, info: 6.5, silent: 5, unheard: 4, ok: 4 };
const CALM = new Set(["ok", "silent", "unheard"]);
const EDGE_PX = 28;

function loadStylesheet(href) {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: reject });
    document.head.append(link);
  });
}

// Devices are circles on one canvas: 5,000 of them redraw in a few milliseconds. Python sends the city once and then only
// the conditions that changed.
export default {
  template: `<div class="city-map"><div ref="map" class="city-map__ground"></div><ul ref="legend" class="legend"></ul></div>`,
  props: { resourcePath: String, tilesUrl: String, colours: Object, words: Object, notDrawn: Number },
  async mounted() {
    await this.$nextTick(); // window.path_prefix is set by then
    await loadStylesheet(`${window.path_prefix}${this.resourcePath}/leaflet/leaflet.css`);
    this.map = L.map(this.$refs.map, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      zoomDelta: 0.75,
      center: [0, 0],
      zoom: 2,
      maxZoom: 19,
    });
    L.control.zoom({ position: "topright" }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(this.map);
    if (this.tilesUrl) L.tileLayer(this.tilesUrl, { maxZoom: 19 }).addTo(this.map);
    this.map.createPane("areas").style.zIndex = 350; // below the devices
    this.map.createPane("area-names").style.zIndex = 360;
    this.canvas = L.canvas({ padding: 0.4, tolerance: L.Browser.touch ? 10 : 4 });
    this.ground = L.svg({ pane: "areas" });
    this.outlines = L.layerGroup().addTo(this.map);
    this.circles = L.featureGroup().addTo(this.map);
    this.ring = L.circleMarker([0, 0], { renderer: this.canvas, fill: false, interactive: false, weight: 2.5 });
    this.tooltip = L.tooltip({ direction: "top", offset: [0, -6], className: "city-map__tip" });
    this.circles.on("mouseover", (e) => this.showTip(e.propagatedFrom ?? e.layer));
    this.circles.on("mouseout", () => this.tooltip.remove());
    this.circles.on("click", (e) => this.$emit("device", { id: (e.propagatedFrom ?? e.layer).device.id }));
    this.themeWatch = new MutationObserver(() => this.restyleAll());
    this.themeWatch.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.map.on("dragstart", () => (this.movedByHand = true));
    this.map.on("zoomend", () => {
      this.movedByHand ||= !this.fitting;
      this.fitDots();
    });
    this.sizeWatch = new ResizeObserver(() => {
      this.map.invalidateSize({ pan: false });
      if (!this.movedByHand) this.showAll();
    });
    this.sizeWatch.observe(this.$refs.map);
    this.waitForSocket = setInterval(() => {
      if (window.socket?.id === undefined) return;
      clearInterval(this.waitForSocket);
      this.$emit("ready");
    }, 50);
  },
  unmounted() {
    clearInterval(this.waitForSocket);
    this.themeWatch?.disconnect();
    this.sizeWatch?.disconnect();
    this.map?.remove();
  },
  methods: {
    // devices: [[id, name, kind, lat, lon, condition], …]; outlines: [[path, [[lat, lon], …]], …]
    show_city(devices, outlines) {
      this.circles.clearLayers();
      this.outlines.clearLayers();
      this.ring.remove();
      for (const [path, ring] of outlines) {
        const area = L.polygon(ring, { renderer: this.ground, className: "city-map__area", interactive: false, weight: 16 });
        const top = [area.getBounds().getNorth(), area.getBounds().getCenter().lng];
        const name = { permanent: true, direction: "top", className: "city-map__area-name", pane: "area-names" };
        const label = document.createTextNode(path.split("/").at(-1));
        this.outlines.addLayer(area).addLayer(L.tooltip(top, name).setContent(label));
      }
      this.devices = devices.map(([id, name, kind, lat, lon, condition]) => {
        const device = { id, name, kind, condition };
        device.circle = L.circleMarker([lat, lon], { renderer: this.canvas, ...this.styleOf(condition) });
        device.circle.device = device;
        return device;
      });
      this.byId = new Map(this.devices.map((device) => [device.id, device]));
      const calmFirst = [...this.devices].sort((a, b) => CALM.has(b.condition) - CALM.has(a.condition));
      for (const device of calmFirst) this.circles.addLayer(device.circle);
      this.$el.dataset.devices = this.devices.length;
      this.countConditions();
      if (!this.movedByHand) this.showAll();
      this.select_device(this.selected ?? null);
    },
    // changes: [[index, condition], …]
    change_conditions(changes) {
      if (!this.devices) return;
      for (const [index, condition] of changes) {
        const device = this.devices[index];
        device.condition = condition;
        const style = this.styleOf(condition);
        device.circle.setStyle(style).setRadius(style.radius);
        if (CALM.has(condition)) device.circle.bringToBack();
        else device.circle.bringToFront();
      }
      this.countConditions();
    },
    select_device(id) {
      this.selected = id;
      this.ring?.remove();
      const device = id === null ? undefined : this.byId?.get(id);
      if (!device) return;
      const where = device.circle.getLatLng();
      this.ring.setLatLng(where).setRadius(device.circle.getRadius() + 6).setStyle({ color: this.ink() }).addTo(this.map);
      if (!this.map.getBounds().pad(-0.05).contains(where)) this.map.panTo(where);
    },
    showAll() {
      if (!this.devices?.length) return;
      this.fitting = true;
      this.map.fitBounds(this.circles.getBounds(), { padding: [EDGE_PX, EDGE_PX], maxZoom: 17, animate: false });
      this.fitting = false;
      this.fitDots();
    },
    // Where devices stand close, calm ones shrink, so that they do not run into one grey mass; troubled ones never do.
    fitDots() {
      if (!this.devices?.length) return;
      const bounds = this.circles.getBounds();
      const corner = this.map.latLngToLayerPoint(bounds.getNorthWest());
      const size = this.map.latLngToLayerPoint(bounds.getSouthEast()).subtract(corner);
      const spacing = Math.sqrt((size.x * size.y) / this.devices.length);
      const scale = Math.min(1, Math.max(0.25, spacing / 12));
      if (scale === this.calmScale) return;
      this.calmScale = scale;
      for (const { circle, condition } of this.devices) if (CALM.has(condition)) circle.setRadius(this.radiusOf(condition));
    },
    radiusOf(condition) {
      return RADIUS[condition] * (CALM.has(condition) ? (this.calmScale ?? 1) : 1);
    },
    countConditions() {
      const counts = {};
      for (const { condition } of this.devices) counts[condition] = (counts[condition] ?? 0) + 1;
      this.$refs.legend.replaceChildren();
      for (const condition of Object.keys(RADIUS).filter((each) => counts[each])) {
        const row = document.createElement("li");
        const dot = document.createElement("i");
        dot.className = `legend__dot legend__dot--${condition}`;
        dot.style.setProperty("--dot", this.colours[condition]);
        row.append(dot, `${this.words[condition]} ${counts[condition]}`);
        this.$refs.legend.append(row);
      }
      if (this.notDrawn) this.$refs.legend.append(`${this.words.not_drawn} ${this.notDrawn}`);
      this.$el.dataset.troubled = this.devices.filter((device) => !CALM.has(device.condition)).length;
    },
    styleOf(condition) {
      const silent = condition === "silent" || condition === "unheard";
      return {
        radius: this.radiusOf(condition),
        fillColor: this.colours[condition],
        fillOpacity: silent ? 0.05 : condition === "ok" ? 0.75 : 1,
        color: silent ? this.colours[condition] : this.ink(),
        opacity: 1,
        weight: silent ? 1.75 * (this.calmScale ?? 1) : condition === "ok" ? 0 : 1.25,
        dashArray: condition === "unheard" ? "2 2" : null,
      };
    },
    restyleAll() {
      for (const device of this.devices ?? []) device.circle.setStyle(this.styleOf(device.condition));
      this.ring.setStyle({ color: this.ink() });
    },
    ink() {
      return document.body.classList.contains("body--dark") ? "#eef2f5" : "#1d2730";
    },
    showTip(circle) {
      const { id, name, kind, condition } = circle.device;
      const text = document.createElement("div");
      const title = document.createElement("b");
      title.textContent = name ? `${id} · ${name}` : id;
      text.append(title, document.createElement("br"), `${kind} · ${this.words[condition]}`);
      this.tooltip.setLatLng(circle.getLatLng()).setContent(text).addTo(this.map);
    },
  },
};
