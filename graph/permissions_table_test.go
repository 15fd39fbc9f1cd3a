package graph_test

import "github.com/broadsheet-cms/broadsheet/ent/article"

// step is the document of a mutation that takes one article one step on.
func step(name string, more ...string) string {
	input := `id: "{article}"`
	for _, m := range more {
		input += ", " + m
	}
	return `mutation { ` + name + `(input: {` + input + `}) { article { id } userErrors { code } } }`
}

// bulk is the document of a mutation of many articles.
func bulk(name string, more ...string) string {
	input := `articles: [{id: "{article}"}]`
	for _, m := range more {
		input += ", " + m
	}
	return `mutation { ` + name + `(input: {` + input + `}) { results { article { id } userErrors { code } } userErrors { code } } }`
}

// errorsOf is the document of a mutation, asked for its userErrors alone.
func errorsOf(name, input string) string {
	return `mutation { ` + name + `(input: {` + input + `}) { userErrors { code message } } }`
}

// unsaved is why autosaves leave no audit entry.
// noAccount is the reason of mutations without a member of staff or an account
// that the entry could name.
const noAccount = "it is asked for by an address, of which the audit log has none"

const unsaved = "what was typed is nobody else's business until it is saved"

// private is why what readers do for themselves leaves no audit entry.
const private = "what readers keep is their own business"

// permissionTable is who may do what. The letters are those of permission, for
// nobody, READER, CONTRIBUTOR, AUTHOR, MODERATOR, EDITOR, ADMIN.
var permissionTable = map[string]permission{
	"Subscription.notificationAdded": {document: `subscription { notificationAdded { id } }`, own: "UYYYYYY"},

	"Query.scheduleHealth": {document: `{ scheduleHealth { dueCount } }`, own: "UFYYFYY"},

	"Article.newsroom": {document: `{ article(by: {id: "{article}"}) { newsroom { version } } }`, own: "UFYYFYY", other: "UFNNFYY", status: article.StatusPublished},

	"Query.staff":                {document: `{ staff(query: "e") { id name role } }`, own: "UFYYFYY"},
	"Query.publishCheckSettings": {document: `{ publishCheckSettings { severity } }`, own: "UFYYFYY"},

	"Query.workQueue":       {document: `{ workQueue { nodes { id } } }`, own: "UFYYFYY"},
	"Query.workQueueCounts": {document: `{ workQueueCounts { status } }`, own: "UFYYFYY"},
	"Query.myArticles":      {document: `{ myArticles { nodes { id } } }`, own: "UFYYFYY"},
	"Query.calendar":        {document: `{ calendar(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z") { hasMore } }`, own: "UFYYFYY"},
	"Query.trash":           {document: `{ trash { nodes { id } } }`, own: "UFYYFYY"},
	"Query.newsroomSearch":  {document: `{ newsroomSearch(query: "story") { nodes { id } } }`, own: "UFYYFYY"},

	"Mutation.createArticle": {document: `mutation { createArticle(input: {article: {title: "New {serial}"}}) { article { id } userErrors { code } } }`, own: "UFYYFYY"},
	"Mutation.updateArticle": {document: step("updateArticle", `article: {subtitle: "More"}`), own: "UFYYFYY", other: "UFNNFYY"},

	"Mutation.submitArticleForReview": {document: step("submitArticleForReview"), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.requestChanges":         {document: step("requestChanges"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.approveArticle":         {document: step("approveArticle"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.reopenArticle":          {document: step("reopenArticle"), own: "UFYYFYY", other: "UFNNFYY", status: article.StatusInReview},
	"Mutation.scheduleArticle":        {document: step("scheduleArticle", `at: "{later}"`), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unscheduleArticle":      {document: step("unscheduleArticle"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusScheduled},
	"Mutation.embargoArticle":         {document: step("embargoArticle", `until: "{later}"`), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusApproved},
	"Mutation.liftEmbargo":            {document: step("liftEmbargo"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusEmbargoed},
	"Mutation.publishArticle":         {document: step("publishArticle"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unpublishArticle":       {document: step("unpublishArticle"), own: "UFFYFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.archiveArticle":         {document: step("archiveArticle"), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.killArticle":            {document: step("killArticle", `reason: "court order"`), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.trashArticle":           {document: step("trashArticle"), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.restoreArticle":         {document: step("restoreArticle"), own: "UFYYFYY", other: "UFNNFYY", trashed: true},
	"Mutation.restoreRevision":        {document: step("restoreRevision", `number: 1`), own: "UFYYFYY", other: "UFNNFYY"},

	"Mutation.approveArticles":   {document: bulk("approveArticles"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.scheduleArticles":  {document: bulk("scheduleArticles", `at: "{later}"`), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.publishArticles":   {document: bulk("publishArticles"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unpublishArticles": {document: bulk("unpublishArticles"), own: "UFFYFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.archiveArticles":   {document: bulk("archiveArticles"), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.trashArticles":     {document: bulk("trashArticles"), own: "UFYYFYY", other: "UFNNFYY"},

	"Query.article": {document: `{ article(by: {id: "{article}"}, at: "{later}") { title } }`, own: "UFYYFYY", other: "UFNNFYY", status: article.StatusPublished},

	"Mutation.lockArticle":        {document: errorsOf("lockArticle", `id: "{article}"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.unlockArticle":      {document: errorsOf("unlockArticle", `id: "{locked}"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.autosaveArticle":    {document: errorsOf("autosaveArticle", `id: "{article}", baseVersion: 1, article: {title: "T"}`), own: "UFYYFYY", other: "UFNNFYY", silent: unsaved},
	"Mutation.discardAutosave":    {document: errorsOf("discardAutosave", `id: "{article}"`), own: "UFYYFYY", other: "UFNNFYY", silent: unsaved},
	"Mutation.addArticleNote":     {document: errorsOf("addArticleNote", `id: "{article}", text: "Who says so?"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.resolveArticleNote": {document: errorsOf("resolveArticleNote", `id: "{note}"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.assignArticle":      {document: errorsOf("assignArticle", `id: "{article}", assigneeId: "{editor}"`), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.correctArticle": {document: errorsOf("correctArticle", `id: "{article}", note: "It was noon.", article: {subtitle: "At noon"}`), own: "UFFFFYY", other: "UFFFFYY",
		status: article.StatusPublished},
	"Mutation.addLiveEntry":       {document: errorsOf("addLiveEntry", `articleId: "{blog}", entry: {title: "It rains"}`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.updateLiveEntry":    {document: errorsOf("updateLiveEntry", `id: "{entry}", entry: {isPinned: true}`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.removeLiveEntry":    {document: errorsOf("removeLiveEntry", `id: "{entry}"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.createPreviewToken": {document: errorsOf("createPreviewToken", `articleId: "{article}"`), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.revokePreviewToken": {document: errorsOf("revokePreviewToken", `id: "{token}"`), own: "UFYYFYY", other: "UFNNFYY"},

	"Query.editorsPicks":           {document: `{ editorsPicks { expiresAt } }`, own: "UFFFFYY"},
	"Mutation.setPicks":            {document: errorsOf("setPicks", `picks: [{articleId: "{article}"}]`), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.pinRelatedArticle":   {document: errorsOf("pinRelatedArticle", `id: "{article}", relatedId: "{related}"`), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.unpinRelatedArticle": {document: errorsOf("unpinRelatedArticle", `id: "{article}", relatedId: "{pinned}"`), own: "UFFFFYY", other: "UFFFFYY"},

	"Mutation.createCategory":       {document: `mutation { createCategory(input: {name: "Made {serial}"}) { category { slug latestNews { nodes { id } } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateCategory":       {document: `mutation { updateCategory(input: {id: "{category}", name: "Changed", slug: "changed-{serial}", labels: [{language: "ar", name: "x"}]}) { category { slug label(language: "ar") } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.mergeCategories":      {document: `mutation { mergeCategories(input: {ids: ["{category}"], into: "{other category}"}) { category { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteCategory":       {document: `mutation { deleteCategory(input: {id: "{category}", moveArticlesTo: "{other category}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createTag":            {document: `mutation { createTag(input: {name: "Made {serial}"}) { tag { slug latestNews { nodes { id } } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateTag":            {document: `mutation { updateTag(input: {id: "{tag}", name: "Changed", slug: "changed-{serial}", labels: [{language: "ar", name: "x"}]}) { tag { slug label(language: "ar") } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.mergeTags":            {document: `mutation { mergeTags(input: {ids: ["{tag}"], into: "{other tag}"}) { tag { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteTag":            {document: `mutation { deleteTag(input: {id: "{tag}", moveArticlesTo: "{other tag}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createPlace":          {document: `mutation { createPlace(input: {name: "Made {serial}"}) { place { slug latestNews { nodes { id } } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updatePlace":          {document: `mutation { updatePlace(input: {id: "{place}", name: "Changed", slug: "changed-{serial}", labels: [{language: "ar", name: "x"}]}) { place { slug label(language: "ar") } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.mergePlaces":          {document: `mutation { mergePlaces(input: {ids: ["{place}"], into: "{other place}"}) { place { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deletePlace":          {document: `mutation { deletePlace(input: {id: "{place}", moveArticlesTo: "{other place}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createSeries":         {document: `mutation { createSeries(input: {name: "Made {serial}"}) { series { slug latestNews { nodes { id } } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateSeries":         {document: `mutation { updateSeries(input: {id: "{series}", name: "Changed", slug: "changed-{serial}", labels: [{language: "ar", name: "x"}]}) { series { slug label(language: "ar") } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.mergeSeries":          {document: `mutation { mergeSeries(input: {ids: ["{series}"], into: "{other series}"}) { series { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteSeries":         {document: `mutation { deleteSeries(input: {id: "{series}", moveArticlesTo: "{other series}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createAuthor":         {document: `mutation { createAuthor(input: {name: "Made {serial}"}) { author { slug latestNews { nodes { id } } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateAuthor":         {document: `mutation { updateAuthor(input: {id: "{author}", name: "Changed", slug: "changed-{serial}", labels: [{language: "ar", name: "x"}]}) { author { slug label(language: "ar") } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.mergeAuthors":         {document: `mutation { mergeAuthors(input: {ids: ["{author}"], into: "{other author}"}) { author { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteAuthor":         {document: `mutation { deleteAuthor(input: {id: "{author}", moveArticlesTo: "{other author}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.moveCategory":         {document: `mutation { moveCategory(input: {id: "{category}", parentId: "{other category}", position: 2}) { category { parent { slug } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateSite":           {document: `mutation { updateSite(input: {name: "Named {serial}", socialProfiles: [{network: "x", url: "https://x.example/", audienceCount: 5}]}) { site { name } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.createPage":           {document: `mutation { createPage(input: {title: "Made {serial}", body: {blocks: [{heading: {html: "Words", level: 2}}, {quote: {html: "More", isPullQuote: true, direction: RTL}}, {divider: {}}]}}) { page { bodyHtml status version } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updatePage":           {document: `mutation { updatePage(input: {id: "{page}", expectedVersion: 1, slug: "changed-{serial}", body: {markdown: "*Words*"}}) { page { path } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.publishPage":          {document: `mutation { publishPage(input: {id: "{page}"}) { page { status } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.unpublishPage":        {document: `mutation { unpublishPage(input: {id: "{shown page}"}) { page { status } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.trashPage":            {document: `mutation { trashPage(input: {id: "{page}"}) { page { id } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.restorePage":          {document: `mutation { restorePage(input: {id: "{trashed page}"}) { page { id } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.saveMenu":             {document: `mutation { saveMenu(input: {location: HEADER, items: [{targetId: "{category}", items: [{label: "Home", address: "/"}]}]}) { menu { items { label url } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteMenu":           {document: `mutation { deleteMenu(input: {id: "{menu}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createRedirect":       {document: `mutation { createRedirect(input: {path: "/from-{serial}", targetId: "{category}"}) { redirect { location } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateRedirect":       {document: `mutation { updateRedirect(input: {id: "{redirect}", address: "/elsewhere"}) { redirect { location } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteRedirect":       {document: `mutation { deleteRedirect(input: {id: "{redirect}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createAdSlot":         {document: `mutation { createAdSlot(input: {name: "Slot {serial}", placement: FOOTER}) { adSlot { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.updateAdSlot":         {document: `mutation { updateAdSlot(input: {id: "{slot}", width: 100}) { adSlot { width } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.deleteAdSlot":         {document: `mutation { deleteAdSlot(input: {id: "{slot}"}) { deletedId userErrors { code } } }`, own: "UFFFFFY"},
	"Query.redirects":               {document: `{ redirects(first: 5) { nodes { path } totalCount { value } pageInfo { hasNextPage hasPreviousPage } } }`, own: "UFFFFYY"},
	"Query.staticPages":             {document: `{ staticPages { title status version } }`, own: "UFFFFYY"},
	"Query.apiKeys":                 {document: `{ apiKeys { id name prefixes } }`, own: "UFFFFFY"},
	"Query.apiKeyUsage":             {document: `{ apiKeyUsage(id: "{apiKey}") { day requestCount } }`, own: "UFFFFFY"},
	"Query.killCompliance":          {document: `{ killCompliance(articleId: "{article}") { name state } }`, own: "UFFFFYY"},
	"Mutation.createApiKey":         {document: `mutation { createApiKey(input: {name: "Partner", scopes: [CHANGES]}) { apiKey { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.updateApiKey":         {document: `mutation { updateApiKey(input: {id: "{apiKey}", contactEmail: "desk@partner.example"}) { apiKey { contactEmail } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.remindPartners":       {document: `mutation { remindPartners(input: {articleId: "{killed}"}) { reminded { name remindedAt } unreachable { name } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.rotateApiKey":         {document: `mutation { rotateApiKey(input: {id: "{apiKey}"}) { apiKey { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.revokeApiKey":         {document: `mutation { revokeApiKey(input: {id: "{apiKey}"}) { apiKey { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Query.webhooks":                {document: `{ webhooks { id url eventTypes disabledReason } }`, own: "UFFFFFY"},
	"Query.webhookDeliveries":       {document: `{ webhookDeliveries(webhookId: "{webhook}", first: 5) { id eventType state } }`, own: "UFFFFFY"},
	"Mutation.createWebhook":        {document: `mutation { createWebhook(input: {apiKeyId: "{apiKey}", url: "https://partner.example/hook"}) { webhook { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.updateWebhook":        {document: `mutation { updateWebhook(input: {id: "{webhook}", fullPayload: true}) { webhook { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.rotateWebhookSecret":  {document: `mutation { rotateWebhookSecret(input: {id: "{webhook}"}) { webhook { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.deleteWebhook":        {document: `mutation { deleteWebhook(input: {id: "{webhook}"}) { deletedId userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.testWebhook":          {document: `mutation { testWebhook(input: {id: "{webhook}"}) { webhook { id } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.retryWebhookDelivery": {document: `mutation { retryWebhookDelivery(input: {id: "{delivery}"}) { deliveryId userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.replayWebhook":        {document: `mutation { replayWebhook(input: {id: "{webhook}", since: "{later}"}) { deliveryCount userErrors { code } } }`, own: "UFFFFFY"},

	"Mutation.acknowledgeChange": {document: `mutation { acknowledgeChange(input: {cursor: "x"}) { userErrors { code } } }`, own: "UUUUUUU", silent: "what partners do is kept with their copies"},

	"Query.jobHealth":     {document: `{ jobHealth { queues { kind waiting running dead nextDueAt } } }`, own: "UFFFFFY"},
	"Query.deadJobs":      {document: `{ deadJobs(first: 5) { nodes { id kind attempts lastError } totalCount { value } } }`, own: "UFFFFFY"},
	"Mutation.retryJob":   {document: `mutation { retryJob(input: {id: "{job}"}) { retriedId userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.discardJob": {document: `mutation { discardJob(input: {id: "{job}"}) { discardedId userErrors { code } } }`, own: "UFFFFFY"},

	"Query.auditLog": {document: `{ auditLog(first: 5) { nodes { id action actorName actorRole target { id } } totalCount { value } pageInfo { hasNextPage } } }`, own: "UFFFFFY"},
	"Query.users":    {document: `{ users(first: 1) { nodes { email } } }`, own: "UFFFFFY"},
	"Query.user":     {document: `{ user(id: "{user}") { email } }`, own: "UFFFFFY"},

	"Mutation.addBookmark":     {document: errorsOf("addBookmark", `articleId: "{article}"`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.removeBookmark":  {document: errorsOf("removeBookmark", `{saved}`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.restoreBookmark": {document: errorsOf("restoreBookmark", `{removed}`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.clearBookmarks":  {document: errorsOf("clearBookmarks", `deviceToken: "{device}"`), own: "YYYYYYY", status: article.StatusPublished, silent: private},

	"Mutation.addComment":    {document: errorsOf("addComment", `articleId: "{article}", body: "Said {fresh}", guestName: "Salma", guestEmail: "salma@example.org", secondsOnPage: 60`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.editComment":   {document: errorsOf("editComment", `{own comment}, body: "Said better"`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.deleteComment": {document: errorsOf("deleteComment", `{own comment}`), own: "YYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.claimComment":  {document: errorsOf("claimComment", `{guest comment}`), own: "UYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.react":         {document: errorsOf("react", `commentId: "{comment}", kind: LOVE`), own: "UYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.reportComment": {document: errorsOf("reportComment", `commentId: "{comment}", reason: SPAM`), own: "YYYYYYY", status: article.StatusPublished, silent: private},

	"Mutation.approveComments":            {document: errorsOf("approveComments", `ids: ["{comment}"]`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.rejectComments":             {document: errorsOf("rejectComments", `ids: ["{comment}"]`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.markCommentsSpam":           {document: errorsOf("markCommentsSpam", `ids: ["{comment}"]`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.removeComment":              {document: errorsOf("removeComment", `id: "{comment}", reason: "Insulting"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.pinComment":                 {document: errorsOf("pinComment", `id: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.unpinComment":               {document: errorsOf("unpinComment", `id: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.closeThread":                {document: errorsOf("closeThread", `id: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.reopenThread":               {document: errorsOf("reopenThread", `id: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.banReader":                  {document: errorsOf("banReader", `commentId: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.muteReader":                 {document: errorsOf("muteReader", `commentId: "{comment}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.liftRestriction":            {document: errorsOf("liftRestriction", `id: "{restriction}"`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.setArticleCommentPolicy":    {document: errorsOf("setArticleCommentPolicy", `articleId: "{article}", mode: REGISTERED`), own: "UFFFYYY", status: article.StatusPublished},
	"Mutation.updatePublishCheckSettings": {document: `mutation { updatePublishCheckSettings(input: {settings: [{code: EMPTY_BODY, severity: BLOCKING}]}) { userErrors { code } } }{site}`, own: "UFFFFFY"},
	"Mutation.updateCommentSettings":      {document: errorsOf("updateCommentSettings", `{settings}`), own: "UFFFFFY"},
	"Query.moderationQueue":               {document: `{ moderationQueue(first: 1) { nodes { commentId } } }`, own: "UFFFYYY"},
	"Query.moderationCounts":              {document: `{ moderationCounts { waiting } }`, own: "UFFFYYY"},
	"Query.readerRestrictions":            {document: `{ readerRestrictions(first: 1) { nodes { id } } }`, own: "UFFFYYY"},
	"Query.commentSettings":               {document: `{ commentSettings { maxLength } }`, own: "UFFFYYY"},
	"Article.viewCount":                   {document: `{ article(by: {id: "{article}"}) { viewCount } }`, own: "UFYYFYY", status: article.StatusPublished},

	"Mutation.follow":                {document: errorsOf("follow", `topicId: "{category}"`), own: "UYYYYYY", silent: private},
	"Mutation.unfollow":              {document: errorsOf("unfollow", `topicId: "{category}"`), own: "UYYYYYY", silent: private},
	"Mutation.markArticleRead":       {document: errorsOf("markArticleRead", `articleId: "{article}"`), own: "UYYYYYY", status: article.StatusPublished, silent: private},
	"Mutation.clearReadingHistory":   {document: `mutation { clearReadingHistory { clearedCount userErrors { code } } }`, own: "UYYYYYY", silent: private},
	"Mutation.updateReaderSettings":  {document: errorsOf("updateReaderSettings", `digest: WEEKLY`), own: "UYYYYYY", silent: private},
	"Mutation.markNotificationsRead": {document: `mutation { markNotificationsRead { markedCount userErrors { code } } }`, own: "UYYYYYY", silent: private},
	"Mutation.sendBreakingNews":      {document: errorsOf("sendBreakingNews", `articleId: "{article}", text: "It rains"`), own: "UFFFFYY", status: article.StatusPublished},
	"Mutation.recordView":            {document: errorsOf("recordView", `articleId: "{article}"`), own: "YYYYYYY", status: article.StatusPublished, silent: private},

	"Mutation.mergeBookmarks": {document: errorsOf("mergeBookmarks", `deviceToken: "{device}"`), own: "UYYYYYY", status: article.StatusPublished, silent: private},

	"Mutation.uploadMedia":        {document: `mutation($file: Upload!) { uploadMedia(input: {file: $file, alt: "A boat", focalPoint: {x: 0.5, y: 0.25}}) { media { alt width focalPoint { y } } userErrors { code message } } }`, own: "UFYYFYY"},
	"Mutation.importMediaFromUrl": {document: `mutation { importMediaFromUrl(input: {url: "http://127.0.0.1/boat.jpg"}) { media { alt } userErrors { message } } }`, own: "UFYYFYY", silent: "nothing is fetched from this machine"},
	"Mutation.replaceMediaFile":   {document: `mutation($file: Upload!) { replaceMediaFile(input: {id: "{media}", file: $file}) { media { width } userErrors { code message } } }`, own: "UFYYFYY", other: "UFFFFYY"},
	"Mutation.updateMedia":        {document: `mutation { updateMedia(input: {id: "{media}", alt: "A ferry", rights: {holder: "Beacon"}}) { media { alt rights { holder } } userErrors { code } } }`, own: "UFYYFYY", other: "UFFFFYY"},
	"Mutation.deleteMedia":        {document: `mutation { deleteMedia(input: {id: "{media}"}) { deletedId userErrors { code } } }`, own: "UFYYFYY", other: "UFFFFYY"},
	"Query.mediaLibrary":          {document: `{ mediaLibrary(first: 5, filter: {unused: true, query: "boat"}) { nodes { alt createdAt } totalCount { value } pageInfo { hasNextPage } } }`, own: "UFYYFYY"},
	"Media.usedIn":                {document: `{ node(id: "{media}") { ... on Media { usedIn { place } } } }`, own: "NNYYNYY"},
	"Media.expiresAt":             {document: `{ node(id: "{media}") { ... on Media { expiresAt } } }`, own: "NNYYNYY"},
	"Media.expired":               {document: `{ node(id: "{media}") { ... on Media { expired } } }`, own: "NNYYNYY"},

	"Mutation.signIn":                  {document: `mutation { signIn(input: {email: "{email}", password: "seven slow ferries", transport: TOKEN}) { token userErrors { code } } }`, own: "YYYYYYY"},
	"Mutation.signOut":                 {document: `mutation { signOut { userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.setUpAdmin":              {document: `mutation { setUpAdmin(input: {token: "{setup}", email: "chief{serial}@example.org", displayName: "Chief", password: "seven slow ferries"}) { user { email } userErrors { code } } }`, own: "YYYYYYY"},
	"Mutation.changePassword":          {document: `mutation { changePassword(input: {currentPassword: "{password}", newPassword: "eight slow ferries"}) { viewer { role } userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.startSecondFactor":       {document: `mutation { startSecondFactor(input: {password: "{password}"}) { secret userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.confirmSecondFactor":     {document: `mutation { confirmSecondFactor(input: {code: "{firstCode}"}) { recoveryCodes userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.disableSecondFactor":     {document: `mutation { disableSecondFactor(input: {code: "{code}"}) { viewer { role } userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.regenerateRecoveryCodes": {document: `mutation { regenerateRecoveryCodes(input: {code: "{code}"}) { recoveryCodes userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.revokeSession":           {document: `mutation { revokeSession(input: {sessionId: "{session}"}) { viewer { role } userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.revokeOtherSessions":     {document: `mutation { revokeOtherSessions { endedCount userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.createUser":              {document: `mutation { createUser(input: {email: "new{serial}@example.org", displayName: "New", role: AUTHOR}) { user { email } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.setUserRole":             {document: `mutation { setUserRole(input: {userId: "{user}", role: EDITOR}) { user { role } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.disableUser":             {document: `mutation { disableUser(input: {userId: "{user}"}) { user { role } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.enableUser":              {document: `mutation { enableUser(input: {userId: "{disabled}"}) { user { role } userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.resetUserPassword":       {document: `mutation { resetUserPassword(input: {userId: "{user}"}) { generatedPassword userErrors { code } } }`, own: "UFFFFFY"},
	"Mutation.resetUserSecondFactor":   {document: `mutation { resetUserSecondFactor(input: {userId: "{user}"}) { user { role } userErrors { code } } }`, own: "UFFFFFY"},

	"Mutation.signUp":                {document: `mutation { signUp(input: {email: "{reader}", displayName: "Reader"}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.verifyEmail":           {document: `mutation { verifyEmail(input: {token: "{verify}", transport: TOKEN}) { viewer { email } userErrors { code } } }`, own: "YYYYYYY"},
	"Mutation.requestSignInLink":     {document: `mutation { requestSignInLink(input: {email: "{reader}"}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.signInWithLink":        {document: `mutation { signInWithLink(input: {token: "{link}", transport: TOKEN}) { token userErrors { code } } }`, own: "YYYYYYY", silent: "it leaves the entry of signIn"},
	"Mutation.requestPasswordReset":  {document: `mutation { requestPasswordReset(input: {email: "{reader}"}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.resetPassword":         {document: `mutation { resetPassword(input: {token: "{reset}", newPassword: "eight slow ferries"}) { userErrors { code } } }`, own: "YYYYYYY"},
	"Mutation.changeEmail":           {document: `mutation { changeEmail(input: {newEmail: "{reader}", password: "{password}"}) { userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.confirmEmailChange":    {document: `mutation { confirmEmailChange(input: {token: "{change}"}) { userErrors { code } } }`, own: "YYYYYYY"},
	"Mutation.updateProfile":         {document: `mutation { updateProfile(input: {displayName: "Somebody", language: "ar"}) { viewer { language } userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.deleteAccount":         {document: `mutation { deleteAccount(input: {password: "{password}"}) { viewer { deletionDueAt } userErrors { code } } }`, own: "UYFFFFF"},
	"Mutation.cancelAccountDeletion": {document: `mutation { cancelAccountDeletion { viewer { email } userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.requestDataExport":     {document: `mutation { requestDataExport { userErrors { code } } }`, own: "UYYYYYY"},
	"Mutation.recordConsent":         {document: `mutation { recordConsent(input: {document: "SITE_USE", version: "{consent}"}) { consent { givenAt } userErrors { code } } }`, own: "YYYYYYY", silent: "it is a record itself"},
	"Mutation.inviteReader":          {document: `mutation { inviteReader(input: {email: "{reader}"}) { userErrors { code } } }`, own: "UFFFFFY"},

	"Mutation.subscribeToNewsletter":         {document: `mutation { subscribeToNewsletter(input: {newsletterIds: ["{list}"], email: "{reader}", consentVersion: "{consent}"}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.confirmNewsletterSubscription": {document: `mutation { confirmNewsletterSubscription(input: {token: "{confirm}"}) { preferencesToken userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.updateNewsletterPreferences":   {document: `mutation { updateNewsletterPreferences(input: {token: "{preferences}", newsletterIds: []}) { preferences { maskedEmail } userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.stopDigest":                    {document: `mutation { stopDigest(input: {token: "{digest}"}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.unsubscribeFromNewsletter":     {document: `mutation { unsubscribeFromNewsletter(input: {token: "{preferences}"}) { preferences { maskedEmail } userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.submitContactMessage":          {document: `mutation { submitContactMessage(input: {name: "{contact}", email: "{reader}", subject: "Hello", message: "Words.", secondsOnPage: 20}) { userErrors { code } } }`, own: "YYYYYYY", silent: noAccount},
	"Mutation.createNewsletter":              {document: `mutation { createNewsletter(input: {name: "Made {serial}"}) { newsletter { slug } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.updateNewsletter":              {document: `mutation { updateNewsletter(input: {id: "{list}", isOpen: false}) { newsletter { isOpen } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.createNewsletterIssue":         {document: `mutation { createNewsletterIssue(input: {newsletterId: "{list}", subject: "Hello"}) { issue { previewText newsletter { slug } } userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.deleteNewsletterIssue":         {document: `mutation { deleteNewsletterIssue(input: {id: "{issue}"}) { deletedId userErrors { code } } }`, own: "UFFFFYY"},
	"Mutation.sendNewsletterIssue":           {document: `mutation { sendNewsletterIssue(input: {id: "{issue}"}) { issue { status recipientCount } userErrors { code } } }`, own: "UFFFFYY"},
	"Query.newsletterIssues":                 {document: `{ newsletterIssues(first: 5) { nodes { subject sentCount } totalCount { value } pageInfo { hasNextPage } } }`, own: "UFFFFYY"},
	"Newsletter.subscriberCount":             {document: `{ node(id: "{list}") { ... on Newsletter { subscriberCount } } }`, own: "UFFFFYY"},
}
