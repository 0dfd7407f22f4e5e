// Package compose holds what docker-compose.yml gives to the images that others
// made: settings of RabbitMQ, the roles of PostgreSQL, other limits for Envoy. Its
// tests read the file with Compose's own library and say what has to be true of it
// on every machine; with the build tag compose they start it.
package compose
