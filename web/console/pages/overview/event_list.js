// One shape for each severity, so that colour is never the only sign.
const SHAPES = {
  critical: "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
  major: "M8 0.5 15.5 8 8 15.5 0.5 8z",
  minor: "M8 1.5 15.5 14.5H0.5z",
  warning: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z",
  info: "M2 2h12v12H2z",
};
const MINUTE = 60_000;

export default {
  template: `
    <ul class="event-list" :data-total="total">
      <li v-for="event in events" :key="event.id">
        <button type="button" class="event" :class="{ 'event--selected': event.id === selected }"
                :aria-pressed="event.id === selected" :data-event="event.id" @click="$emit('choose', { id: event.id })">
          <svg class="event__shape" viewBox="0 0 16 16" aria-hidden="true">
            <path :d="shapes[event.severity]" :fill="colours[event.severity]"/>
          </svg>
          <span class="event__what">{{ event.what }}</span>
          <span class="event__where"><b>{{ words[event.severity] }}</b> · {{ event.subject
            }}<template v-if="event.area"> · {{ event.area }}</template><em v-if="event.stale"> · {{ words.stale }}</em></span>
          <time class="event__since" :datetime="iso(event.since_ms)">{{ clock(event.since_ms) }}</time>
          <span class="event__age">{{ age(event.since_ms) }}</span>
        </button>
      </li>
      <li v-if="!events.length" class="event-list__none">{{ words.no_events }}</li>
      <li v-if="total > events.length" class="event-list__more">+ {{ total - events.length }} {{ words.more_events }}</li>
    </ul>`,
  props: {
    events: Array,
    total: Number,
    selected: String,
    nowMs: Number,
    zone: String,
    language: String,
    colours: Object,
    words: Object,
  },
  created() {
    this.shapes = SHAPES;
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: this.zone };
    this.time = new Intl.DateTimeFormat(this.language, time);
    this.date = new Intl.DateTimeFormat(this.language, { day: "numeric", month: "short", timeZone: this.zone });
  },
  methods: {
    iso: (ms) => new Date(ms).toISOString(),
    clock(ms) {
      const day = this.date.format(ms);
      const today = this.nowMs && day === this.date.format(this.nowMs);
      return today ? this.time.format(ms) : `${day} ${this.time.format(ms)}`;
    },
    age(ms) {
      if (!this.nowMs) return "";
      const minutes = Math.max(0, Math.floor((this.nowMs - ms) / MINUTE));
      if (minutes < 60) return `${minutes} min`;
      const hours = Math.floor(minutes / 60);
      return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
    },
  },
};
